-- One row per domain that says nothing about a company: anybody may have an address or a page there.
-- Reviewed by hand; what is missing here is found by its use (company_domains).
-- grain: domain
with reviewed as (
    select
        'mail provider' as reason,
        'gmail.com googlemail.com yahoo.com ymail.com rocketmail.com myyahoo.com yahoo.ca'
        || ' yahoo.co.uk yahoo.fr yahoo.de yahoo.es yahoo.it yahoo.ie yahoo.se yahoo.com.au'
        || ' yahoo.com.br yahoo.com.mx yahoo.co.in yahoo.in yahoo.co.jp outlook.com outlook.fr'
        || ' outlook.de outlook.es outlook.it outlook.co.uk outlook.ie outlook.com.au outlook.jp'
        || ' hotmail.com hotmail.co.uk hotmail.fr hotmail.de hotmail.es hotmail.it hotmail.nl'
        || ' hotmail.be hotmail.ca hotmail.se hotmail.com.au hotmail.com.br live.com live.co.uk'
        || ' live.fr live.de live.nl live.be live.ca live.it live.ie live.com.au live.com.mx'
        || ' msn.com passport.com icloud.com me.com mac.com aol.com aol.co.uk aol.fr aol.de'
        || ' aim.com netscape.net mail.com email.com usa.com gmx.com gmx.net gmx.de gmx.at gmx.ch'
        || ' gmx.fr gmx.co.uk web.de freenet.de mail.de posteo.de mailbox.org proton.me'
        || ' protonmail.com protonmail.ch pm.me tutanota.com tutanota.de tuta.io tuta.com'
        || ' fastmail.com fastmail.fm hushmail.com hey.com duck.com zoho.com zohomail.com'
        || ' inbox.com mail.ru bk.ru list.ru inbox.ru yandex.ru yandex.com ya.ru rambler.ru'
        || ' ukr.net seznam.cz centrum.cz wp.pl o2.pl interia.pl onet.pl gazeta.pl abv.bg'
        || ' libero.it virgilio.it tiscali.it alice.it tin.it laposte.net uol.com.br bol.com.br'
        || ' terra.com.br rediffmail.com qq.com 163.com 126.com sina.com foxmail.com naver.com'
        || ' hanmail.net daum.net nate.com' as domains
    union all
    select
        'internet provider',
        'comcast.net xfinity.com verizon.net att.net sbcglobal.net bellsouth.net'
        || ' ameritech.net pacbell.net swbell.net cox.net charter.net spectrum.net rr.com twc.com'
        || ' roadrunner.com earthlink.net mindspring.com optonline.net optimum.net frontier.com'
        || ' frontiernet.net windstream.net centurylink.net centurytel.net embarqmail.com'
        || ' suddenlink.net juno.com netzero.net netzero.com rogers.com shaw.ca telus.net'
        || ' bell.net sympatico.ca videotron.ca cogeco.ca eastlink.ca btinternet.com'
        || ' btopenworld.com sky.com virginmedia.com virgin.net ntlworld.com blueyonder.co.uk'
        || ' talktalk.net tiscali.co.uk plusnet.com o2.co.uk eircom.net t-online.de arcor.de'
        || ' vodafone.de 1und1.de kabelbw.de unitybox.de netcologne.de orange.fr wanadoo.fr'
        || ' free.fr sfr.fr neuf.fr bbox.fr numericable.fr club-internet.fr aliceadsl.fr'
        || ' skynet.be telenet.be proximus.be ziggo.nl kpnmail.nl planet.nl xs4all.nl home.nl'
        || ' hetnet.nl chello.nl bluewin.ch sunrise.ch hispeed.ch aon.at chello.at a1.net'
        || ' telia.com bredband.net telefonica.net movistar.es bigpond.com bigpond.net.au'
        || ' optusnet.com.au iinet.net.au tpg.com.au xtra.co.nz'
    union all
    select
        'site of many',
        'facebook.com instagram.com linkedin.com twitter.com x.com youtube.com yelp.com'
        || ' etsy.com ebay.com amazon.com linktr.ee wixsite.com wordpress.com blogspot.com'
        || ' weebly.com squarespace.com myshopify.com business.site sites.google.com google.com'
        || ' github.io godaddysites.com'
    union all
    select 'mail of nobody', 'privaterelay.appleid.com example.com example.org test.com mailinator.com'
)
select
    unnest(string_split(domains, ' ')) as domain,
    reason
from reviewed
