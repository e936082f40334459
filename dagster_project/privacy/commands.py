"""`cdp privacy`: what people may ask of whoever holds their data, as commands.

Here belong arguments, what is said on the screen and exit codes. What a request does is in the modules
beside, which are imported by the command that needs them.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path

import click

from dagster_project.screen import (
    AS_JSON,
    DATA_FAILED,
    EXPORTS,
    HOME,
    USAGE,
    Refusal,
    progress,
    say,
    show_grid,
    truthful_exits,
)
from dagster_project.settings import load_settings


@click.group()
def privacy() -> None:
    """What people may ask about their data: access, correction, restriction, erasure.

    Example: cdp privacy list
    """


# Requests ------------------------------------------------------------------------------------------

TEXTS = click.argument("texts", nargs=-1, required=True, metavar="WHO...")
RECEIVED = click.option("--received-on", type=click.DateTime(["%Y-%m-%d"]),
                        help="Day on which it was received; today if it is not said.")
REQUEST = click.option("--request", "request_id", metavar="ID", help="Its number in your own books.")
CHANNEL = click.option("--channel", help="Only this one: email, sms, phone, push, post or ads.")
PURPOSE = click.option("--purpose", help="Only this one: marketing, profiling, advertising or service.")


@privacy.command("list")
@HOME
@click.option("--overdue", is_flag=True, help="Only those that should have been answered by now.")
@AS_JSON
def list_requests(home: Path | None, overdue: bool, as_json: bool) -> None:
    """Every request with its state and the day by which it is due, the most urgent first.

    Example: cdp privacy list --overdue
    """
    from dagster_project.privacy.requests import read_requests

    today = datetime.now(UTC).date()
    with truthful_exits():
        every = read_requests(load_settings(home=home))
    found = [one for one in every if one.is_overdue(today) or not overdue]
    if as_json:
        rows = [asdict(one) | {"is_overdue": one.is_overdue(today)} for one in found]
        click.echo(json.dumps(rows, indent=1, default=str))
        return
    show_grid(
        "",
        ("request", "kind", "received", "due", "state", "completed", "source"),
        [
            (
                *(one.request_id, one.kind, one.received_on),
                f"{one.due_on}{' (overdue)' if one.is_overdue(today) else ''}",
                *(one.state, one.completed_on, one.source),
            )
            for one in found
        ],
    )
    if not found:
        say("no request is overdue" if overdue else "nobody has asked for anything")


@privacy.command()
@TEXTS
@HOME
@RECEIVED
@REQUEST
@click.option("--lift", is_flag=True, help="The data may be used again.")
def restrict(texts, home, received_on, request_id, lift) -> None:
    """Hold a person's data, and use it for nothing: no segment, score, lookalike, audience or export.

    Example: cdp privacy restrict someone@example.com
    """
    _ask("unrestrict" if lift else "restrict", texts, home, received_on, request_id)


@privacy.command("object")
@TEXTS
@HOME
@RECEIVED
@REQUEST
@CHANNEL
@PURPOSE
def object_to(texts, home, received_on, request_id, channel, purpose) -> None:
    """The person objects to marketing, profiling and advertising, or to one of them.

    Outranks every consent up to its day. Who objects to profiling is not scored either.

    Example: cdp privacy object someone@example.com --purpose profiling
    """
    _ask("object", texts, home, received_on, request_id, channel, purpose)


@privacy.command("do-not-sell")
@TEXTS
@HOME
@RECEIVED
@REQUEST
def do_not_sell(texts, home, received_on, request_id) -> None:
    """A person's data is neither sold nor shared: no advertising, lookalikes or audiences of sites.

    Example: cdp privacy do-not-sell weblogs:GA1.2.1234.5678
    """
    _ask("do_not_sell", texts, home, received_on, request_id)


@privacy.command()
@TEXTS
@HOME
@RECEIVED
@REQUEST
@CHANNEL
@PURPOSE
def withdraw(texts, home, received_on, request_id, channel, purpose) -> None:
    """The person takes a consent back, or all of them.

    Example: cdp privacy withdraw someone@example.com --channel email --purpose marketing
    """
    _ask("withdraw", texts, home, received_on, request_id, channel, purpose)


def _ask(kind, texts, home, received_on, request_id, channel=None, purpose=None) -> None:
    """Take the request down; the next run does what it asks."""
    from connectors.preferences import CHANNELS, PURPOSES
    from dagster_project.privacy import requests
    from dagster_project.privacy.subjects import SubjectError

    for value, known in ((channel, CHANNELS), (purpose, PURPOSES)):
        if value and value not in known:
            raise Refusal(f"{value} is none of {', '.join(known)}", USAGE)
    with truthful_exits():
        settings = load_settings(home=home)
        try:
            names = requests.names_of(settings, kind, texts)
        except SubjectError as error:
            raise Refusal(str(error), DATA_FAILED) from None
        if not names:
            raise Refusal("name an e-mail, a telephone, a record or a visitor", USAGE)
        one = requests.open_request(
            settings, kind, names, received_on=_day(received_on), channel=channel, purpose=purpose,
            request_id=request_id,
        )
    days = f"received {one.received_on}, due {one.due_on}"
    say(f"{one.request_id}: {one.kind}, {days}. The next cdp run serves it")


@privacy.command()
@TEXTS
@click.option("--set", "settings_", type=(str, str), multiple=True, required=True,
              metavar="ATTRIBUTE VALUE", help="What is right, such as --set city Ghent; may be said several times.")
@click.option("--by", help="Who decided; the user of this machine if it is not said.")
@HOME
@RECEIVED
@REQUEST
def rectify(texts, settings_, by, home, received_on, request_id) -> None:
    """Correct what is wrong about a person: a file of corrections that the next run reads.

    Example: cdp privacy rectify someone@example.com --set last_name Byron
    """
    import getpass

    from connectors.corrections import ATTRIBUTES
    from dagster_project.privacy import requests
    from dagster_project.privacy.subjects import SubjectError, find_subject

    values = dict(settings_)
    if unknown := sorted(set(values) - set(ATTRIBUTES)):
        raise Refusal(f"{', '.join(unknown)}: no attribute; there are {', '.join(ATTRIBUTES)}", USAGE)
    with truthful_exits():
        settings = load_settings(home=home)
        try:
            subject = find_subject(settings, texts)
        except SubjectError as error:
            raise Refusal(str(error), DATA_FAILED) from None
        one = requests.open_request(
            settings, "rectify", requests.names_of(settings, "rectify", texts), received_on=_day(received_on),
            request_id=request_id,
        )
        path = requests.rectify(
            settings, subject, values, by=by or getpass.getuser(), request_id=one.request_id
        )
    say(f"{one.request_id}: {path.name} lies with the exports; the next cdp run reads it")


@privacy.command()
@click.argument("request_id", metavar="REQUEST")
@click.option("--kind", required=True, help="Which of the rights that the request asks for.")
@click.option("--refused", is_flag=True, help="It was refused; the reason is in your own books.")
@HOME
def close(request_id: str, kind: str, refused: bool, home: Path | None) -> None:
    """Note that a request was answered, or refused.

    Example: cdp privacy close dsr-20260601-0123abcd --kind access
    """
    from dagster_project.privacy import requests

    with truthful_exits():
        settings = load_settings(home=home)
        known = {(one.request_id, one.kind) for one in requests.read_requests(settings)}
        if (request_id, kind) not in known:
            said = f"there is no request {request_id} of the kind {kind}; see cdp privacy list"
            raise Refusal(said, USAGE)
        try:
            (requests.refuse if refused else requests.complete)(settings, kind, request_id)
        except ValueError as error:
            raise Refusal(str(error), USAGE) from None
    say(f"{request_id}: {'refused' if refused else 'done'}")



# Erasing -------------------------------------------------------------------------------------------


@privacy.command()
@click.argument("texts", nargs=-1, metavar="WHO...")
@click.option("--file", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="A CSV of people, one a row: request_id if there is one, and email, phone or record.")
@click.option("--include-record", "records", multiple=True, metavar="RECORD",
              help="A doubtful record that is theirs all the same; may be said several times.")
@click.option("--dry-run", is_flag=True, help="Only list what it would touch; changes nothing.")
@EXPORTS
@HOME
@REQUEST
@AS_JSON
def erase(texts, file, records, dry_run, exports, home, request_id, as_json) -> None:
    """Erase a person, or many in one job, and prove it: every byte of the home is read afterwards.

    Delivered files are listed, rewritten or deleted as erase_exports in cdp.toml says. What is delivered
    of the person later is dropped before it is written; see cdp privacy lift.

    Example: cdp privacy erase someone@example.com --dry-run
    """
    from dagster_project.catalog import load_catalog
    from dagster_project.privacy import erasing

    wanted = [(request_id, [*texts, *records])] if texts else []
    wanted += _people_of(file) if file else []
    if not wanted:
        said = "name a person by e-mail, telephone, record or profile id, or many by --file"
        raise Refusal(said, USAGE)
    with truthful_exits():
        settings = load_settings(exports=exports, home=home)
        subjects = _subjects(settings, wanted)
        if dry_run:
            _show_plan(erasing.plan(settings, [subject for _, subject in subjects]), settings, as_json)
            return
        try:
            with progress(len(load_catalog(settings)), quiet=as_json or not subjects) as watch:
                done = erasing.erase(settings, subjects, watch=watch) if subjects else []
        except erasing.NotErased as error:
            raise Refusal(str(error), DATA_FAILED) from None
    if as_json:
        click.echo(json.dumps([asdict(one.receipt) | {"file": str(one.path)} for one in done], indent=1))
        return
    for one in done:
        found = ", ".join(f"{count:,} {what}" for what, count in one.receipt.found.items() if count)
        say(f"{one.receipt.request_id}: erased {found}; the receipt is {one.path}")
    exports = done[0].receipt.exports if done else ()
    show_grid("", ("delivered file", "rows", "outcome"), [tuple(one.values()) for one in exports])
    treated = {one["path"] for one in exports}
    for file in sorted(set(done[0].receipt.still_there) - treated) if done else ():
        say(f"{file} still names somebody who was erased, and is none that was read")


def _people_of(file: Path) -> list[tuple[str | None, list[str]]]:
    """Requests of a CSV file, each with what names its person; rows of another kind are left out."""
    import csv

    with file.open(encoding="utf-8-sig", newline="") as rows:
        found = []
        for row in csv.DictReader(rows):
            names = [row[name] for name in ("email", "phone", "record", "profile_id") if row.get(name)]
            if names and (row.get("kind") or "erase") == "erase":
                found.append((row.get("request_id") or None, names))
        return found


def _subjects(settings, wanted) -> list[tuple]:
    """Request ids with whom they are about. Who is gone already is told and left out."""
    import secrets

    from dagster_project.privacy import erasing
    from dagster_project.privacy.subjects import NotFound, SubjectError, find_subjects

    _refuse_unpublished(settings)
    found, wrong = {}, []
    asked = find_subjects(settings, [texts for _, texts in wanted], is_one_job=True)
    for number, subject in enumerate(asked):
        request_id, texts = wanted[number]
        name = request_id or f"request {number + 1}"
        if isinstance(subject, NotFound) and all(erasing.graves_of(settings, text) for text in texts):
            say(f"{name}: was erased before; nothing is left to do", err=True)
        elif isinstance(subject, SubjectError):
            wrong.append(f"{name}: {subject}")
        else:
            request_id = request_id or f"dsr-{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(4)}"
            # Who is known by an address alone has no profile.
            named = subject.profile_ids[:1] or tuple(one.value for one in subject.identifiers)
            found.setdefault(named, (request_id, subject))
            for doubt in subject.doubtful:
                said = "may be theirs and stays; --include-record takes it along"
                say(f"{name}: {doubt.record_key} {said}", err=True)
    if wrong:
        raise Refusal("nothing was erased. " + "\n".join(wrong), DATA_FAILED)
    return list(found.values())


def _show_plan(plan, settings, as_json: bool) -> None:
    from dagster_project.privacy.landed import OUTCOMES

    if as_json:
        click.echo(json.dumps(asdict(plan), indent=1))
        return
    say("Would erase " + ", ".join(f"{count:,} {what}" for what, count in plan.found.items() if count))
    say("Places that name them")
    show_grid("", ("layer", "places"), plan.layers.items())
    say(f"Delivered files that do, to be {OUTCOMES[settings.erase_exports]}")
    show_grid("", ("file", "places"), plan.exports.items())


@privacy.command()
@click.argument("texts", nargs=-1, metavar="WHO...")
@click.option("--receipt", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Check the signature of a receipt instead.")
@EXPORTS
@HOME
@AS_JSON
def verify(texts, receipt, exports, home, as_json) -> None:
    """Read every byte below the home for a person's identifiers, in every spelling; 1 if there are any.

    Finds what the platform keeps and what was delivered alike; says file and place, never the value.

    Example: cdp privacy verify someone@example.com "+1 212 555 0142"
    """
    from dagster_project.privacy import receipts
    from dagster_project.privacy.keys import load_keys
    from dagster_project.privacy.verifying import EXPORTS, NothingSought, sought_by
    from dagster_project.privacy.verifying import verify as read_all

    with truthful_exits():
        settings = load_settings(exports=exports, home=home)
        if receipt:
            if not receipts.is_genuine(receipt, load_keys(settings)):
                said = "is not as it was signed, or not by this home's keys"
                raise Refusal(f"{receipt.name} {said}", DATA_FAILED)
            say(f"{receipt.name} is as it was signed")
            return
        try:
            hits = read_all(settings, sought_by(texts, country=settings.default_country))
        except NothingSought as error:
            raise Refusal(str(error), USAGE) from None
    if as_json:
        click.echo(json.dumps([asdict(hit) for hit in hits], indent=1))
    for title, of in (
        ("In the home", [hit for hit in hits if hit.area != EXPORTS]),
        ("In delivered files", [hit for hit in hits if hit.area == EXPORTS]),
    ):
        if not as_json:
            show_grid(title, ("file", "place", "kind", "times"),
                      [(hit.file, hit.place, hit.kind, hit.count) for hit in of])
    if hits:
        raise Refusal(f"found in {len({hit.file for hit in hits})} files", DATA_FAILED)
    say("nothing found", err=as_json)


@privacy.command()
@click.argument("text", metavar="WHO")
@click.option("--from", "begins", type=click.DateTime(["%Y-%m-%d"]), required=True,
              help="Day from which on deliveries count again.")
@HOME
def lift(text: str, begins: datetime, home: Path | None) -> None:
    """Let somebody who was erased come back: deliveries from a day on are read again, old records never.

    Example: cdp privacy lift someone@example.com --from 2026-07-01
    """
    from dagster_project.privacy import erasing

    with truthful_exits():
        if not erasing.lift(load_settings(home=home), text, begins=begins.date()):
            raise Refusal("nobody was erased by that", DATA_FAILED)
    say(f"what is delivered from {begins:%Y-%m-%d} on is read again")


@privacy.command("rotate-key")
@HOME
def rotate_key(home: Path | None) -> None:
    """Make a new key for the ledger. Earlier ones stay: by them the erased are still recognised.

    Example: cdp privacy rotate-key
    """
    from dagster_project.privacy.keys import add_key

    with truthful_exits():
        keys = add_key(load_settings(home=home))
    say(f"the ledger's key is now {keys.current.id}; {len(keys.all) - 1} earlier ones are kept")


# Handing over --------------------------------------------------------------------------------------

OUT = click.option("--out", type=click.Path(path_type=Path), required=True, metavar="PLACE",
                   help="A new directory or .zip, outside the home.")
CONFIDENCE = click.option("--confidence", type=click.FloatRange(0, 1), default=0.99, show_default=True,
                          help="Probability from which on a scored link is sure enough.")


def _packaging(command):
    for option in (AS_JSON, CONFIDENCE, REQUEST, HOME, OUT, TEXTS):
        command = option(command)
    return privacy.command()(command)


@_packaging
def access(texts, out, **chosen) -> None:
    """Everything that is held about one person, to hand over: a page, JSON and CSV, with meanings.

    Records that may be somebody else's are not in it: they are listed in PLACE.review.csv.

    Example: cdp privacy access someone@example.com --out ~/requests/0142
    """
    _hand_over("access", texts, out, **chosen)


@_packaging
def portability(texts, out, **chosen) -> None:
    """What one person gave, and was seen to do, to take along: no conclusion is in it.

    Example: cdp privacy portability someone@example.com --out ~/requests/0142.zip
    """
    _hand_over("portability", texts, out, **chosen)


def _hand_over(
    kind: str, texts, out: Path, *, home: Path | None, request_id, confidence: float, as_json: bool
) -> None:
    """Find whom the texts name together, and write the package. The request is done with it, unless
    somebody must look at doubtful records first."""
    from dagster_project.privacy import requests
    from dagster_project.privacy.access import AccessError, review_file, write_package
    from dagster_project.privacy.subjects import SubjectError, find_subject

    with truthful_exits():
        settings = load_settings(home=home)
        _refuse_unpublished(settings)
        try:
            subject = find_subject(settings, texts, confidence=confidence)
            package = write_package(settings, subject, out, kind=kind)
        except SubjectError as error:
            raise Refusal(str(error), DATA_FAILED) from None
        except AccessError as error:
            raise Refusal(str(error), USAGE) from None
        request = requests.open_request(settings, kind, request_id=request_id)
        state = requests.IN_REVIEW if package.doubtful else requests.DONE
        requests.set_state(settings, kind, state, request.request_id)
    rows = {part.name: len(part.rows) for part in package.parts}
    if as_json:
        said = {"request_id": request.request_id, "profile_ids": package.profile_ids}
        said |= {"place": str(out), "rows": rows}
        click.echo(json.dumps(said | {"doubtful_records": package.doubtful}, indent=1))
        return
    say(f"{request.request_id}: {sum(rows.values()):,} rows in {len(rows)} tables written to {out}")
    if package.doubtful:
        say(
            f"Left out are {package.doubtful:,} records that may be somebody else's, in "
            f"{review_file(out)}. Decide about them (docs/corrections.md), run, and ask again"
        )


@privacy.command()
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write it there.")
@HOME
def records(out: Path | None, home: Path | None) -> None:
    """The record of processing, made from contracts, data classes and settings.

    Example: cdp privacy records --out record-of-processing.md
    """
    from dagster_project.catalog import load_catalog
    from dagster_project.lake import write_atomically
    from dagster_project.nightly import read_processing

    with truthful_exits():
        settings = load_settings(home=home)
        _refuse_unpublished(settings)
        text = read_processing(settings, load_catalog(settings))
        if out:
            write_atomically(out, text)
    click.echo(f"written to {out}" if out else text)


def _refuse_unpublished(settings) -> None:
    if not settings.database.exists():
        raise Refusal(f"nothing is published in {settings.home} yet; cdp run makes it", DATA_FAILED)


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None
