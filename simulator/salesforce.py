"""Salesforce: the sales and service side, with its three spellings of the same objects.

The first night is a weekly Data Export, later nights are Data Loader extracts by LastModifiedDate,
accounts always come from the API. Merged and deleted rows, converted leads, cases by mail from
people nobody knows. Ids are in `text`; how deals went, and who owns them, is in `sales`.
"""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from simulator import sales
from simulator.chance import coin, index, pick
from simulator.clerks import Habits, record_of
from simulator.company import CURRENCY, INDUSTRIES
from simulator.files import Night, csv
from simulator.lives import DAY, WEB_HOURS, moments
from simulator.places import COUNTRY_NAMES
from simulator.text import salesforce_ids
from simulator.turns import overwritten, rows_of
from simulator.world import World

_AUDIT = "CreatedDate,CreatedById,LastModifiedDate,LastModifiedById,SystemModstamp"
_PLACE = "Street,City,State,PostalCode,Country,Latitude,Longitude,GeocodeAccuracy"


def _address(prefix: str) -> str:
    return ",".join(prefix + part for part in _PLACE.split(","))


HEADER = {
    name: text.split(",")
    for name, text in {
        "Account": "Id,IsDeleted,MasterRecordId,Name,Type,ParentId," + _address("Billing")
        + ",BillingAddress," + _address("Shipping") + ",ShippingAddress,Phone,Fax,Website,Industry,"
        "AnnualRevenue,NumberOfEmployees,Description,OwnerId," + _AUDIT
        + ",LastActivityDate,Jigsaw,JigsawCompanyId,AccountSource",
        "Contact": "Id,IsDeleted,MasterRecordId,AccountId,LastName,FirstName,Salutation,MiddleName,"
        "Suffix," + _address("Other") + "," + _address("Mailing") + ",Phone,Fax,MobilePhone,"
        "HomePhone,OtherPhone,AssistantPhone,ReportsToId,Email,Title,Department,AssistantName,"
        "LeadSource,Birthdate,Description,OwnerId,HasOptedOutOfEmail,HasOptedOutOfFax,DoNotCall,"
        "CanAllowPortalSelfReg," + _AUDIT + ",LastActivityDate,LastCURequestDate,LastCUUpdateDate,"
        "EmailBouncedReason,EmailBouncedDate,Jigsaw,JigsawContactId,IndividualId,"
        "Preferred_Store__c",
        "Lead": "Id,IsDeleted,MasterRecordId,Salutation,FirstName,LastName,MiddleName,Suffix,"
        "RecordTypeId,Title,Company,Street,City,State,PostalCode,Country,StateCode,CountryCode,"
        "Latitude,Longitude,GeocodeAccuracy,Phone,MobilePhone,Fax,Email,Website,Description,"
        "LeadSource,Status,Industry,Rating,CurrencyIsoCode,AnnualRevenue,NumberOfEmployees,OwnerId,"
        "HasOptedOutOfEmail,IsConverted,ConvertedDate,ConvertedAccountId,ConvertedContactId,"
        "ConvertedOpportunityId,IsUnreadByOwner," + _AUDIT + ",LastActivityDate,DoNotCall,"
        "HasOptedOutOfFax,LastTransferDate,Jigsaw,JigsawContactId,EmailBouncedReason,"
        "EmailBouncedDate",
        "Opportunity": "Id,IsDeleted,AccountId,Name,Description,StageName,Amount,Probability,"
        "CloseDate,Type,NextStep,LeadSource,IsClosed,IsWon,ForecastCategory,ForecastCategoryName,"
        "CurrencyIsoCode,CampaignId,HasOpportunityLineItem,Pricebook2Id,OwnerId," + _AUDIT
        + ",LastActivityDate,FiscalQuarter,FiscalYear,Fiscal",
        "OpportunityHistory": "Id,OpportunityId,CreatedById,CreatedDate,StageName,Amount,"
        "ExpectedRevenue,CloseDate,Probability,ForecastCategory,CurrencyIsoCode,SystemModstamp,"
        "IsDeleted",
        "OpportunityContactRole": "Id,OpportunityId,ContactId,Role,IsPrimary," + _AUDIT
        + ",IsDeleted",
        "User": "Id,Username,LastName,FirstName,Name,Email,Title,IsActive,UserType,CreatedDate,"
        "CreatedById,LastModifiedDate,LastModifiedById,SystemModstamp",
        "Case": "Id,IsDeleted,CaseNumber,ContactId,AccountId,AssetId,ProductId,EntitlementId,"
        "SourceId,BusinessHoursId,ParentId,SuppliedName,SuppliedEmail,SuppliedPhone,"
        "SuppliedCompany,Type,Status,Reason,Origin,Subject,Priority,Description,IsClosed,"
        "ClosedDate,IsEscalated,OwnerId," + _AUDIT
        + ",ContactPhone,ContactMobile,ContactEmail,ContactFax",
        "Task": "Id,WhoId,WhatId,Subject,ActivityDate,Status,Priority,IsHighPriority,OwnerId,"
        "Description,IsDeleted,AccountId,IsClosed," + _AUDIT + ",IsArchived,CallDurationInSeconds,"
        "CallType,CallDisposition,CallObject,IsReminderSet,IsRecurrence,TaskSubtype,"
        "CompletedDateTime",
        "Campaign": "Id,IsDeleted,Name,ParentId,Type,Status,StartDate,EndDate,ExpectedRevenue,"
        "BudgetedCost,ActualCost,NumberSent,IsActive,Description,OwnerId," + _AUDIT,
        "CampaignMember": "Id,IsDeleted,CampaignId,LeadId,ContactId,Status,HasResponded," + _AUDIT
        + ",FirstRespondedDate,Salutation,Name,FirstName,LastName,Title,Street,City,State,"
        "PostalCode,Country,Email,Phone,Fax,MobilePhone,Description,DoNotCall,HasOptedOutOfEmail,"
        "HasOptedOutOfFax,LeadSource,CompanyOrAccount,Type,LeadOrContactId,LeadOrContactOwnerId",
    }.items()
}
_PREFIX = {"Account": "001", "Contact": "003", "Lead": "00Q", "Opportunity": "006", "Case": "500",
           "Task": "00T", "Campaign": "701", "CampaignMember": "00v", "User": "005",
           "OpportunityHistory": "008", "OpportunityContactRole": "00K"}
_LOOKUPS = {
    "MasterRecordId", "AccountId", "ParentId", "OwnerId", "CreatedById", "LastModifiedById",
    "ReportsToId", "IndividualId", "ConvertedAccountId", "ConvertedContactId",
    "ConvertedOpportunityId", "CampaignId", "Pricebook2Id", "ContactId", "AssetId", "ProductId",
    "EntitlementId", "SourceId", "BusinessHoursId", "WhoId", "WhatId", "LeadId", "OpportunityId",
}


@dataclass(frozen=True)
class Dialect:
    """One way of exporting: how cells, booleans and times are spelt, in which encoding."""

    quote: str
    true: str
    false: str
    at: str
    on: str
    no_lookup: str | None
    encoding: str
    bom: bytes = b""
    upper: frozenset[str] = field(default_factory=frozenset)


DATA_EXPORT = Dialect("always", "1", "0", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d 00:00:00",
                      "000000000000000AAA", "utf-8")
DATA_LOADER = Dialect("always", "true", "false", "%Y-%m-%dT%H:%M:%S.000Z", "%Y-%m-%d", None,
                      "cp1252", upper=frozenset({"Lead", "Opportunity"}))
API = Dialect("necessary", "true", "false", "%Y-%m-%dT%H:%M:%S.000+0000", "%Y-%m-%d", None,
              "utf-8", bom=b"\xef\xbb\xbf")


def spell(name: str, table: pl.DataFrame, dialect: Dialect) -> bytes:
    """The bytes of an object's file; columns that `table` lacks are empty."""
    cells = {}
    for column in HEADER[name]:
        if column not in table.columns:
            values = pl.lit(None, pl.String)
        elif table[column].dtype == pl.Boolean:
            values = pl.when(column).then(pl.lit(dialect.true)).otherwise(pl.lit(dialect.false))
        elif table[column].dtype == pl.Datetime:
            values = pl.col(column).dt.strftime(dialect.at)
        elif table[column].dtype == pl.Date:
            values = pl.col(column).dt.strftime(dialect.on)
        else:
            values = pl.col(column).cast(pl.String)
        if column in _LOOKUPS and dialect.no_lookup:
            values = values.fill_null(dialect.no_lookup)
        cells[column.upper() if name in dialect.upper else column] = values
    rows = table.select(**cells)
    return dialect.bom + csv(rows, quote=dialect.quote, encoding=dialect.encoding)


_CONSUMER = Habits(email=(71, 7, 2, 5, 15), phone=(61, 8, 5, 26), address=(76, 10, 14), birth=0.5,
                   nickname=0.3, middle=0.3, suffix=0.75, typo=0.04, former_name=0.45,
                   no_accents=0.45, junk=0.01)
_BUSINESS = Habits(email=(18, 3, 68, 0, 11), phone=(68, 2, 4, 26), address=(38, 4, 58), birth=0.12,
                   nickname=0.45, middle=0.12, suffix=0.4, typo=0.035, junk=0.01)
_PROSPECT = Habits(email=(74, 9, 0, 6, 11), phone=(64, 6, 3, 27), address=(52, 8, 40),
                   nickname=0.45, middle=0.05, suffix=0.2, typo=0.05, no_first=0.02, junk=0.015,
                   casing=(84, 5, 11))
_CALLER = Habits(email=(80, 10, 3, 7, 0), phone=(30, 4, 2, 64), nickname=0.5, typo=0.03,
                 casing=(80, 3, 17), no_first=0.05)

_TITLES = ("Owner", "Buyer", "Office Manager", "VP, Operations", "Facilities Manager", "CFO",
           "Head of Purchasing", "Designer", "Assistant", "Director, \"Guest Experience\"")
_SOURCES = ("Web", "Trade Show", "Phone Inquiry", "Partner Referral", "In-Store", "Other")
_SUBJECTS = ("Where is my order?", "Damaged on arrival", "Return request", "Question on an invoice",
             "Wrong item delivered", "Change of address", "Gift card balance")
_TALKS = ("Call", "Send quote", "Follow up on sample", "Visit showroom", "Email: new collection")
_ANSWERS = ("Email: your request", "Email: our apologies", "Looked into it")
_STAGES = ("Prospecting", "Qualification", "Proposal/Price Quote", "Negotiation/Review",
           "Closed Won", "Closed Lost")
_CHANCE = (10, 25, 60, 80, 100, 0)
_REMARKS = ("Prefers to be called after 5 pm.", "Knows the \"old\" catalogue,\nasks for discounts",
            "VIP; see file, page 2", "do not send samples", "O'Neill's neighbour")


class Salesforce:
    """What the org remembers: contacts, leads, deals; everything else is written and forgotten."""

    def __init__(self) -> None:
        self.contacts = pl.DataFrame()
        self.known = np.zeros(0, bool)
        self.leads = pl.DataFrame()
        self.is_lead = np.zeros(0, bool)
        self.deals = pl.DataFrame()
        self.roles = pl.DataFrame()
        self.accounts = pl.DataFrame()
        self.campaigns = pl.DataFrame()
        self.members = pl.DataFrame()
        self.brought = pl.DataFrame()
        self.counts = dict.fromkeys(_PREFIX, 0)
        self.users = salesforce_ids("005", np.arange(14))

    def deliver(self, world: World, night: Night) -> pl.DataFrame:
        """Write the night's files. Returns its cases, which a survey may follow."""
        rng = world.chance("salesforce", night.on.isoformat())
        dialect = DATA_EXPORT if night.is_first else DATA_LOADER
        self.account_ids = salesforce_ids("001", np.arange(len(world.accounts)))
        written = {
            "Account": self._accounts(rng, world, night),
            "Contact": self._contacts(rng, world, night),
            "Lead": self._leads(rng, world, night),
            "Opportunity": self._deals(rng, world, night),
            "Case": self._cases(rng, world, night),
        }
        written["Task"] = self._tasks(rng, world, night, written["Case"])
        if night.is_first:
            written["Campaign"] = self._campaigns(rng, world, night)
        written["CampaignMember"] = self._campaign_members(rng, world, night)
        written |= self._sales(world, night, written["Opportunity"])
        written |= self._credits(world, night, written)
        for name, table in written.items():
            if not len(table):
                continue
            # The last of each three thousand comes twice, as when a batch is fetched again.
            again = np.arange(2999, len(table), 3000)
            table = table.gather(np.sort(np.concatenate([np.arange(len(table)), again])))
            night.write("salesforce", f"{name}.csv",
                        spell(name, table, API if name == "Account" else dialect))
        return written["Case"]

    def _ids(self, name: str, count: int) -> pl.Series:
        first = self.counts[name]
        self.counts[name] += count
        return salesforce_ids(_PREFIX[name], np.arange(first, first + count))

    def _audit(self, rng, created: np.ndarray, modified: np.ndarray) -> dict[str, pl.Series]:
        count = len(created)
        return {
            "OwnerId": self.users.gather(rng.integers(0, 14, count)),
            "CreatedById": self.users.gather(rng.integers(0, 14, count)),
            "LastModifiedById": self.users.gather(rng.integers(0, 14, count)),
            "CreatedDate": _times(created), "LastModifiedDate": _times(modified),
            "SystemModstamp": _times(modified), "IsDeleted": pl.Series(np.zeros(count, bool)),
        }

    def _created(self, rng, count: int, night: Night) -> tuple[np.ndarray, np.ndarray]:
        reach = 3 * 365 * DAY if night.is_first else DAY
        created = night.end - 1 - (rng.random(count) ** 1.5 * reach).astype(np.int64)
        modified = created + ((night.end - 1 - created) * rng.random(count) ** 3).astype(np.int64)
        return created, modified

    def _accounts(self, rng, world: World, night: Night) -> pl.DataFrame:
        """All accounts in the first night, later those that somebody looked into."""
        if night.is_first:
            self.accounts = self._account_rows(rng, world, night)
            return self.accounts
        rows = np.flatnonzero(coin(rng, len(self.accounts), 0.001))
        times = _times(night.start + rng.integers(0, DAY, len(rows)))
        self.accounts = self.accounts.with_columns(
            Description=self.accounts["Description"].scatter(rows, "Reviewed by sales"),
            LastModifiedDate=self.accounts["LastModifiedDate"].scatter(rows, times),
            SystemModstamp=self.accounts["SystemModstamp"].scatter(rows, times),
        )
        return self.accounts.gather(rows)

    def _account_rows(self, rng, world: World, night: Night) -> pl.DataFrame:
        count = len(world.accounts)
        created, modified = self._created(rng, count, night)
        street = pl.concat_str("street", "unit", separator="\n", ignore_nulls=True)
        return world.accounts.select(
            self.account_ids.alias("Id"), pl.col("name").alias("Name"),
            pick(rng, count, ["Customer - Direct", "Prospect", "Customer - Channel"],
                 (6, 3, 1)).alias("Type"),
            street.alias("BillingStreet"), pl.col("city").alias("BillingCity"),
            pl.col("region").alias("BillingState"),
            pl.col("postal_code").alias("BillingPostalCode"),
            pl.col("country").alias("BillingCountry"),
            pl.struct(
                pl.col("city"), pl.col("country"), pl.lit(None, pl.String).alias("geocodeAccuracy"),
                pl.lit(None, pl.Float64).alias("latitude"),
                pl.lit(None, pl.Float64).alias("longitude"),
                pl.col("postal_code").alias("postalCode"), pl.col("region").alias("state"),
                street.alias("street"),
            ).struct.json_encode().alias("BillingAddress"),
            pl.col("phone").alias("Phone"), ("www." + pl.col("domain")).alias("Website"),
            pl.col("industry").alias("Industry"),
            (pl.col("employees") * 110_000).alias("AnnualRevenue"),
            pl.col("employees").alias("NumberOfEmployees"),
            pick(rng, count, [None, *_REMARKS], (90, 2, 2, 2, 2, 2)).alias("Description"),
            pick(rng, count, _SOURCES).alias("AccountSource"),
            **self._audit(rng, created, modified),
        )

    def _contacts(self, rng, world: World, night: Night) -> pl.DataFrame:
        """New contacts, and those of old that somebody edited, merged or deleted tonight."""
        old = len(self.contacts)
        has_account = world.people["account"].to_numpy() >= 0
        joining = world.joining(rng, self.known, np.where(has_account, 0.7, 0.235), night)
        twice = joining[coin(rng, len(joining), 0.05)]
        rows = np.concatenate([joining, twice])
        fresh = self._contact_rows(rng, world, rows, night)
        fresh = fresh.with_columns(Id=self._ids("Contact", len(rows)))
        # Half of the double entries have been found and merged into the first one.
        place = np.arange(len(joining), len(rows))
        merged = place[coin(rng, len(place), 0.5)] if night.is_first else place[:0]
        winner = np.searchsorted(joining, rows[merged])
        fresh = fresh.with_columns(
            pl.lit(None, pl.String).alias(name) for name in ("MasterRecordId", "twin_of")
        )
        fresh = fresh.with_columns(
            IsDeleted=fresh["IsDeleted"].scatter(merged, True),
            MasterRecordId=fresh["MasterRecordId"].scatter(merged, fresh["Id"].gather(winner)),
            twin_of=fresh["twin_of"].scatter(
                place, fresh["Id"].gather(np.searchsorted(joining, rows[place]))
            ),
        )
        world.note_records("salesforce:contact:", fresh["Id"], fresh["person"])
        self.contacts = pl.concat([self.contacts, fresh]) if old else fresh
        self.known = np.zeros(len(world.people), bool)
        self.known[self.contacts["person"].to_numpy()] = True
        edited = self._contact_edits(rng, world, night, old)
        told = self.contacts.gather(np.concatenate([edited, np.arange(old, len(self.contacts))]))
        _note_refusals(world, "salesforce:contact:", told)
        return told

    def _contact_rows(
        self, rng, world: World, rows: np.ndarray, night: Night, *, is_correction: bool = False
    ) -> pl.DataFrame:
        count = len(rows)
        consumer, business = (
            record_of(rng, world.people, rows, habits.corrected() if is_correction else habits)
            for habits in (_CONSUMER, _BUSINESS)
        )
        account = world.people["account"].gather(rows).to_numpy()
        is_business = pl.Series((account >= 0) & coin(rng, count, 0.85))
        record = consumer.select(
            pl.when(is_business).then(business[name]).otherwise(pl.col(name)).alias(name)
            for name in consumer.columns
        )
        switchboard = world.accounts["phone"].gather(np.maximum(account, 0))
        extension = pl.Series(rng.integers(100, 999, count)).cast(pl.String)
        created, modified = self._created(rng, count, night)
        honorific = pl.Series(index(rng, count, (45, 50, 5)))
        spelt_out = pl.Series(coin(rng, count, 0.12))
        country = pl.when(spelt_out).then(
            pl.col("country").replace_strict(COUNTRY_NAMES, return_dtype=pl.String)
        ).otherwise("country")
        home = world.people["landline"].gather(rows)
        return record.select(
            "person",
            pl.when(is_business).then(self.account_ids.gather(np.maximum(account, 0)))
            .alias("AccountId"),
            pl.col("last").alias("LastName"), pl.col("first").alias("FirstName"),
            pl.when(honorific == 2).then(pl.lit("Dr."))
            .when((honorific == 1) & pl.col("female")).then(pl.lit("Ms."))
            .when(honorific == 1).then(pl.lit("Mr.")).alias("Salutation"),
            pl.col("middle").alias("MiddleName"), pl.col("suffix").alias("Suffix"),
            pl.concat_str("street", "unit", separator="\n", ignore_nulls=True)
            .replace("", None).alias("MailingStreet"),
            pl.col("city").alias("MailingCity"), pl.col("region").alias("MailingState"),
            pl.col("postal_code").alias("MailingPostalCode"),
            pl.when(pl.col("street").is_not_null()).then(country).alias("MailingCountry"),
            pl.when(is_business & pl.Series(coin(rng, count, 0.5)))
            .then(switchboard + pl.when(pl.Series(coin(rng, count, 0.3)))
                  .then(" x" + extension).otherwise(pl.lit("")))
            .when(~is_business).then("phone").alias("Phone"),
            pl.when(is_business).then("phone").alias("MobilePhone"),
            pl.when(~is_business & pl.Series(coin(rng, count, 0.3))).then(home)
            .alias("HomePhone"),
            pl.col("email").alias("Email"),
            pl.when(is_business).then(pick(rng, count, _TITLES)).alias("Title"),
            pick(rng, count, _SOURCES).alias("LeadSource"),
            pl.col("birth_on").alias("Birthdate"),
            pick(rng, count, [None, *_REMARKS], (95, 1, 1, 1, 1, 1)).alias("Description"),
            pl.Series("HasOptedOutOfEmail", coin(rng, count, 0.08)),
            pl.Series("HasOptedOutOfFax", np.zeros(count, bool)),
            pl.Series("DoNotCall", coin(rng, count, 0.05)),
            pl.Series("CanAllowPortalSelfReg", np.zeros(count, bool)),
            pick(rng, count, [None, "Brooklyn Flagship", "Chicago Loop", "Seattle"],
                 (80, 8, 6, 6)).alias("Preferred_Store__c"),
            **self._audit(rng, created, modified),
        )

    def _contact_edits(self, rng, world: World, night: Night, old: int) -> np.ndarray:
        who = self.contacts["person"].to_numpy()[:old]
        alive = ~self.contacts["IsDeleted"].to_numpy()[:old]
        moved = np.flatnonzero(world.changed[who] & coin(rng, old, 0.4) & alive)
        opted = np.flatnonzero(coin(rng, old, 0.0004) & alive)
        twins = np.flatnonzero(
            coin(rng, old, 0.01) & alive & self.contacts["twin_of"].is_not_null().to_numpy()[:old]
        )
        fresh = self._contact_rows(rng, world, who[moved], night, is_correction=True)
        edits = world.turns.contact_edits(world, night, self.contacts[:old], self.account_ids)
        rows = np.unique(np.concatenate([moved, opted, twins, rows_of(edits)]))
        changes = {
            name: self.contacts[name].scatter(moved, fresh[name])
            for name in ("LastName", "MailingStreet", "MailingCity", "MailingState",
                         "MailingPostalCode", "MailingCountry")
        }
        times = _times(night.start + rng.integers(0, DAY, len(rows)))
        self.contacts = self.contacts.with_columns(
            HasOptedOutOfEmail=self.contacts["HasOptedOutOfEmail"].scatter(opted, True),
            IsDeleted=self.contacts["IsDeleted"].scatter(twins, True),
            MasterRecordId=self.contacts["MasterRecordId"].scatter(
                twins, self.contacts["twin_of"].gather(twins)
            ),
            LastModifiedDate=self.contacts["LastModifiedDate"].scatter(rows, times),
            SystemModstamp=self.contacts["SystemModstamp"].scatter(rows, times),
            **changes,
        )
        self.contacts = overwritten(self.contacts, edits)
        return rows

    def _contact_of(self, count: int) -> np.ndarray:
        """For each person the position of the first contact, -1 where there is none."""
        place = np.full(count, -1, dtype=np.int64)
        who = self.contacts["person"].to_numpy()
        place[who[::-1]] = np.arange(len(who))[::-1]
        return place

    def _leads(self, rng, world: World, night: Night) -> pl.DataFrame:
        old = len(self.leads)
        joining = world.joining(rng, self.is_lead, 0.17, night)
        joining = np.sort(np.concatenate([joining, joining[coin(rng, len(joining), 0.04)]]))
        count = len(joining)
        record = record_of(rng, world.people, joining, _PROSPECT)
        account = world.people["account"].gather(joining).to_numpy()
        company_name = world.accounts["name"].gather(np.maximum(account, 0))
        domain = world.accounts["domain"].gather(np.maximum(account, 0))
        contact = self._contact_of(len(world.people))[joining]
        is_converted = (contact >= 0) & coin(rng, count, 0.7)
        at = np.maximum(contact, 0)
        created, modified = self._created(rng, count, night)
        has_account = pl.Series(account >= 0)
        is_role = has_account & pl.Series(coin(rng, count, 0.12))
        fresh = record.select(
            "person", pl.col("first").alias("FirstName"), pl.col("last").alias("LastName"),
            pl.col("middle").alias("MiddleName"), pl.col("suffix").alias("Suffix"),
            pl.when(has_account).then(company_name)
            .otherwise(pl.lit("[not provided]")).alias("Company"),
            pl.lit("0125e000000Lrtx").alias("RecordTypeId"),
            pl.when(has_account).then(pick(rng, count, _TITLES)).alias("Title"),
            pl.concat_str("street", "unit", separator=", ", ignore_nulls=True)
            .replace("", None).alias("Street"),
            pl.col("city").alias("City"), pl.col("region_name").alias("State"),
            pl.col("postal_code").alias("PostalCode"),
            pl.when(pl.col("street").is_not_null()).then(
                pl.col("country").replace_strict(COUNTRY_NAMES, return_dtype=pl.String)
            ).alias("Country"),
            pl.when(pl.col("street").is_not_null()).then("region").alias("StateCode"),
            pl.when(pl.col("street").is_not_null()).then("country").alias("CountryCode"),
            pl.when(pl.Series(coin(rng, count, 0.8))).then("phone").alias("Phone"),
            pl.when(is_role).then(pick(rng, count, ["info@", "office@", "sales@"]) + domain)
            .otherwise("email").alias("Email"),
            pick(rng, count, [None, *_REMARKS], (94, 1, 1, 2, 1, 1)).alias("Description"),
            pick(rng, count, _SOURCES).alias("LeadSource"),
            pl.when(pl.Series(is_converted)).then(pl.lit("Closed - Converted")).otherwise(
                pick(rng, count, ["Open - Not Contacted", "Working - Contacted",
                                  "Closed - Not Converted"])).alias("Status"),
            pick(rng, count, [*INDUSTRIES, None]).alias("Industry"),
            pick(rng, count, ["Hot", "Warm", "Cold", None]).alias("Rating"),
            pl.lit("USD").alias("CurrencyIsoCode"),
            pl.Series("HasOptedOutOfEmail", coin(rng, count, 0.1)),
            pl.Series("HasOptedOutOfFax", np.zeros(count, bool)),
            pl.Series("DoNotCall", coin(rng, count, 0.06)),
            pl.Series("IsUnreadByOwner", coin(rng, count, 0.3)),
            pl.Series("IsConverted", is_converted),
            pl.when(pl.Series(is_converted)).then(_times(modified).dt.date())
            .alias("ConvertedDate"),
            pl.when(pl.Series(is_converted)).then(self.contacts["Id"].gather(at))
            .alias("ConvertedContactId"),
            pl.when(pl.Series(is_converted)).then(self.contacts["AccountId"].gather(at))
            .alias("ConvertedAccountId"),
            **self._audit(rng, created, modified),
        ).with_columns(Id=self._ids("Lead", count))
        world.note_records("salesforce:lead:", fresh["Id"], fresh["person"])
        converted = fresh.filter("IsConverted")
        world.happened("salesforce", "lead_converted", converted["person"],
                       converted["LastModifiedDate"].dt.epoch("s"), converted["Id"])
        self.leads = pl.concat([self.leads, fresh]) if old else fresh
        self.is_lead = np.zeros(len(world.people), bool)
        self.is_lead[self.leads["person"].to_numpy()] = True
        # Leads of old that sales worked on tonight: a status, nothing of the person.
        rows = np.flatnonzero(coin(rng, old, 0.002) & ~self.leads["IsConverted"].to_numpy()[:old])
        times = _times(night.start + rng.integers(0, DAY, len(rows)))
        self.leads = self.leads.with_columns(
            Status=self.leads["Status"].scatter(rows, "Working - Contacted"),
            LastModifiedDate=self.leads["LastModifiedDate"].scatter(rows, times),
            SystemModstamp=self.leads["SystemModstamp"].scatter(rows, times),
        )
        told = self.leads.gather(np.concatenate([rows, np.arange(old, len(self.leads))]))
        _note_refusals(world, "salesforce:lead:", told)
        return told

    def _deals(self, rng, world: World, night: Night) -> pl.DataFrame:
        old = len(self.deals)
        days = (night.end - night.start) / DAY
        account = np.repeat(
            np.arange(len(world.accounts)), rng.poisson(1.6 * days / 365, len(world.accounts))
        )
        count = len(account)
        created = night.start + (rng.random(count) * (night.end - night.start)).astype(np.int64)
        modified = created + ((night.end - 1 - created) * rng.random(count)).astype(np.int64)
        stages = (12, 12, 12, 12, 34, 18) if night.is_first else (6, 4, 0, 0, 0, 0)
        stage = index(rng, count, stages)
        close_at = np.where(stage >= 4, modified, night.end + rng.integers(5, 120, count) * DAY)
        fresh = pl.DataFrame({
            "Id": self._ids("Opportunity", count), "AccountId": self.account_ids.gather(account),
            "Name": world.accounts["name"].gather(account) + " - "
            + pick(rng, count, ["Spring order", "Refit", "Guest rooms", "Christmas", "Opening"]),
            "Amount": np.round(np.exp(rng.normal(8.3, 1.1, count)), 2),
            "stage": stage, "CloseDate": _times(close_at).dt.date(),
            "Type": pick(rng, count, ["New Business", "Existing Business", None]),
            "LeadSource": pick(rng, count, _SOURCES),
            "CurrencyIsoCode": world.accounts["country"].gather(account).replace_strict(
                CURRENCY, return_dtype=pl.String),
            "HasOpportunityLineItem": np.zeros(count, bool),
            **self._audit(rng, created, modified),
        })
        self.deals = pl.concat([self.deals, fresh]) if old else fresh
        rows = np.flatnonzero((self.deals["stage"].to_numpy()[:old] < 4) & coin(rng, old, 0.02))
        now = night.start + rng.integers(0, DAY, len(rows))
        self.deals = self.deals.with_columns(
            stage=self.deals["stage"].scatter(rows, 4 + index(rng, len(rows), (2, 1))),
            CloseDate=self.deals["CloseDate"].scatter(rows, _times(now).dt.date()),
            LastModifiedDate=self.deals["LastModifiedDate"].scatter(rows, _times(now)),
            SystemModstamp=self.deals["SystemModstamp"].scatter(rows, _times(now)),
        )
        stage = pl.col("stage")
        touched = self.deals.gather(np.concatenate([rows, np.arange(old, len(self.deals))]))
        return touched.with_columns(
            StageName=stage.replace_strict(dict(enumerate(_STAGES)), return_dtype=pl.String),
            Probability=stage.replace_strict(dict(enumerate(_CHANCE)), return_dtype=pl.Int64),
            IsClosed=stage >= 4, IsWon=stage == 4,
            ForecastCategory=pl.when(stage == 4).then(pl.lit("Closed")).when(stage == 5)
            .then(pl.lit("Omitted")).otherwise(pl.lit("Pipeline")),
            ForecastCategoryName=pl.when(stage == 4).then(pl.lit("Closed")).when(stage == 5)
            .then(pl.lit("Omitted")).otherwise(pl.lit("Pipeline")),
            FiscalQuarter=pl.col("CloseDate").dt.quarter(),
            FiscalYear=pl.col("CloseDate").dt.year(),
            Fiscal=pl.format("{} {}", pl.col("CloseDate").dt.year(),
                             pl.col("CloseDate").dt.quarter()),
        )

    def _sales(self, world: World, night: Night, deals: pl.DataFrame) -> dict[str, pl.DataFrame]:
        """What tonight's deals went through, who has a part in the new ones, and all owners."""
        rng = world.chance("salesforce sales", night.on.isoformat())
        is_new = pl.col("CreatedDate").dt.epoch("s") >= night.start
        new = deals.filter(is_new)
        fresh = sales.roles(rng, new, self.contacts)
        self.roles = pl.concat([self.roles, fresh]) if len(self.roles) else fresh
        created = new.select(pl.col("Id").alias("OpportunityId"), "CreatedDate")
        created = fresh.join(created, on="OpportunityId", how="left", maintain_order="left")
        at = created["CreatedDate"].dt.epoch("s").to_numpy()
        roles = fresh.with_columns(**self._audit(rng, at, at))
        roles = roles.with_columns(Id=self._ids("OpportunityContactRole", len(roles)))

        steps = sales.history(rng, deals, night)
        of = deals.gather(steps["deal"])
        stage = steps["stage"]
        chance = stage.replace_strict(dict(enumerate(_CHANCE)), return_dtype=pl.Int64)
        history = of.select(
            pl.col("Id").alias("OpportunityId"), pl.col("OwnerId").alias("CreatedById"),
            _times(steps["at"].to_numpy()).alias("CreatedDate"),
            _times(steps["at"].to_numpy()).alias("SystemModstamp"),
            stage.replace_strict(dict(enumerate(_STAGES)), return_dtype=pl.String)
            .alias("StageName"),
            "Amount", (pl.col("Amount") * chance / 100).round(2).alias("ExpectedRevenue"),
            "CloseDate", chance.alias("Probability"), "CurrencyIsoCode", "IsDeleted",
            pl.when(steps["is_last"]).then("ForecastCategory").otherwise(pl.lit("Pipeline"))
            .alias("ForecastCategory"),
        ).with_columns(Id=self._ids("OpportunityHistory", len(of)))
        primary = self.roles.filter("IsPrimary").select("OpportunityId", "person")
        # What happens to a deal happens to its primary contact; some deals have none.
        theirs = history.join(primary, on="OpportunityId", how="inner", maintain_order="left")
        world.happened("salesforce", "deal_stage", theirs["person"],
                       theirs["CreatedDate"].dt.epoch("s"), theirs["OpportunityId"])
        written = {"OpportunityHistory": history, "OpportunityContactRole": roles}
        if night.is_first:
            hired = np.full(len(self.users), night.start - 4 * 365 * DAY)
            written["User"] = sales.owners(self.users).with_columns(
                CreatedDate=_times(hired), LastModifiedDate=_times(hired),
                SystemModstamp=_times(hired), CreatedById=self.users, LastModifiedById=self.users,
            )
        return written

    def _credits(
        self, world: World, night: Night, written: dict[str, pl.DataFrame]
    ) -> dict[str, pl.DataFrame]:
        """Tonight's deals with the campaign that brought them, leads with the deal they became."""
        rng = world.chance("salesforce campaign credit", night.on.isoformat())
        deals, leads = written["Opportunity"], written["Lead"]
        members = written["CampaignMember"].select("person", "CampaignId", "CreatedDate")
        self.members = pl.concat([self.members, members]) if len(self.members) else members
        new = deals.filter(pl.col("CreatedDate").dt.epoch("s") >= night.start)
        fresh = sales.brought(rng, new, self.roles, self.members, self.campaigns)
        self.brought = pl.concat([self.brought, fresh]) if len(self.brought) else fresh
        became = sales.converted_to(leads, self.deals)
        return {
            "Opportunity": deals.join(self.brought, on="Id", how="left", maintain_order="left"),
            "Lead": leads.join(became, on="Id", how="left", maintain_order="left"),
        }

    def _cases(self, rng, world: World, night: Night) -> pl.DataFrame:
        """Complaints and questions; by mail from strangers, with what the mail said of them."""
        per_year = 0.16 * world.people["appetite"].to_numpy()
        who, at = moments(rng, world.people, per_year, night.start, night.end, WEB_HOURS)
        count = len(who)
        place = self._contact_of(len(world.people))[who]
        contact = self.contacts.gather(np.maximum(place, 0))
        is_known = pl.Series((place >= 0) & coin(rng, count, 0.85)) & ~contact["IsDeleted"]
        record = record_of(rng, world.people, who, _CALLER)
        # Without an address to answer to there is no case by mail.
        keeps = (is_known | record["email"].is_not_null()).to_numpy()
        first = self.counts["Case"]
        is_closed = (at + 6 * DAY < night.end) | coin(rng, count, 0.2)
        closed = np.minimum(at + rng.integers(600, 5 * DAY, count), night.end - 1)
        modified = np.where(is_closed, np.maximum(closed, at), at)
        cases = record.select(
            "person",
            pl.when(is_known).then(contact["Id"]).alias("ContactId"),
            pl.when(is_known).then(contact["AccountId"]).alias("AccountId"),
            pl.when(~is_known).then(
                pl.concat_str("first", "last", separator=" ", ignore_nulls=True)
            ).alias("SuppliedName"),
            pl.when(~is_known).then("email").alias("SuppliedEmail"),
            pl.when(~is_known).then("phone").alias("SuppliedPhone"),
            pick(rng, count, ["Question", "Problem", "Return", None]).alias("Type"),
            pl.when(pl.Series(is_closed)).then(pl.lit("Closed")).otherwise(pl.lit("New"))
            .alias("Status"),
            pl.when(is_known).then(pick(rng, count, ["Phone", "Web"])).otherwise(pl.lit("Email"))
            .alias("Origin"),
            pick(rng, count, _SUBJECTS).alias("Subject"),
            pick(rng, count, ["Low", "Medium", "High"], (2, 6, 1)).alias("Priority"),
            pick(rng, count, [None, *_REMARKS], (80, 4, 4, 4, 4, 4)).alias("Description"),
            pl.Series("IsClosed", is_closed),
            pl.when(pl.Series(is_closed)).then(_times(modified)).alias("ClosedDate"),
            pl.Series("IsEscalated", coin(rng, count, 0.03)),
            pl.when(is_known).then(contact["Email"]).alias("ContactEmail"),
            pl.when(is_known).then(contact["Phone"]).alias("ContactPhone"),
            **self._audit(rng, at, modified),
        ).filter(keeps)
        cases = cases.with_columns(
            Id=self._ids("Case", len(cases)),
            CaseNumber=pl.Series(np.arange(len(cases)) + first + 1001).cast(pl.String)
            .str.zfill(8),
        )
        strangers = cases.filter(pl.col("ContactId").is_null())
        world.note_records("salesforce:case:", strangers["Id"], strangers["person"])
        solved = cases.filter("IsClosed")
        for event_type, table, when in (
            ("case_opened", cases, "CreatedDate"), ("case_solved", solved, "ClosedDate")
        ):
            world.happened("salesforce", event_type, table["person"],
                           table[when].dt.epoch("s"), table["Id"])
        return cases

    def _someone(self, rng, night: Night, per_year: float) -> pl.DataFrame:
        """Contacts and leads that something happens to tonight: one row each, with who it is."""
        days = (night.end - night.start) / DAY
        everyone = []
        for table, account in ((self.contacts, "AccountId"), (self.leads, "ConvertedAccountId")):
            rows = np.repeat(
                np.arange(len(table)), rng.poisson(per_year * days / 365, len(table))
            )
            chosen = table.gather(rows)
            everyone.append(chosen.select(
                "person", pl.col("Id").alias("WhoId"), pl.col(account).alias("AccountId"), "FirstName",
                "LastName", "Email", "Phone", "LeadSource", "DoNotCall", "HasOptedOutOfEmail",
                pl.col("IsDeleted").alias("gone"),
                (pl.col("CreatedDate").dt.epoch("s")).alias("since"),
            ))
        someone = pl.concat(everyone).filter(~pl.col("gone"))
        begins = np.maximum(someone["since"].to_numpy(), night.start)
        at = begins + (rng.random(len(someone)) * (night.end - begins)).astype(np.int64)
        return someone.with_columns(pl.Series("at", at)).sort("at", maintain_order=True)

    def _tasks(self, rng, world: World, night: Night, cases: pl.DataFrame) -> pl.DataFrame:
        """Calls and things to do, and what answers tonight's cases."""
        someone = self._someone(rng, night, 0.7).with_columns(WhatId=pl.lit(None, pl.String))
        at = someone["at"].to_numpy()
        planned = _activities(rng, someone, _TALKS, (4, 1)).with_columns(**self._audit(rng, at, at))
        # When a thing was done is noted by newer programs only.
        newer = world.chance("salesforce completed", night.on.isoformat())
        is_dated = pl.Series(coin(newer, len(planned), 0.6)) & planned["IsClosed"]

        rng = world.chance("salesforce answers", night.on.isoformat())
        answered = _answered(rng, cases, night)
        at = answered["at"].to_numpy()
        answers = _activities(rng, answered, _ANSWERS, (1, 0)).with_columns(
            **self._audit(rng, at, at)
        )
        tasks = pl.concat([
            planned.with_columns(CompletedDateTime=pl.when(is_dated).then("CreatedDate")),
            answers.with_columns(CompletedDateTime="CreatedDate"),
        ])
        tasks = tasks.with_columns(Id=self._ids("Task", len(tasks)))
        # An answer to a stranger's mail is about the case and about nobody.
        told = tasks.filter(pl.col("WhoId").is_not_null())
        world.happened("salesforce", told["TaskSubtype"].str.to_lowercase(), told["person"],
                       told["CreatedDate"].dt.epoch("s"), told["Id"])
        return tasks

    def _campaigns(self, rng, world: World, night: Night) -> pl.DataFrame:
        count = 24
        start = night.start + np.arange(count) * 15 * DAY
        overrun = world.chance("salesforce costs").uniform(0.8, 1.25, count)
        self.campaigns = pl.DataFrame({
            "Id": self._ids("Campaign", count),
            "Name": pick(rng, count, ["Spring preview", "Trade evening", "Garden weeks",
                                      "Winter \"Hygge\" letter"])
            + _times(start).dt.strftime(", %B %Y"),
            "Type": pick(rng, count, ["Email", "Event", "Direct Mail"]),
            "Status": pl.Series(["Completed"]).new_from_index(0, count),
            "StartDate": _times(start).dt.date(), "EndDate": _times(start + 14 * DAY).dt.date(),
            "BudgetedCost": rng.integers(1, 40, count) * 100,
            "NumberSent": rng.integers(100, 5000, count), "IsActive": coin(rng, count, 0.3),
            **self._audit(rng, start, start),
        }).with_columns(ActualCost=(pl.col("BudgetedCost") * overrun).round(2))
        return self.campaigns

    def _campaign_members(self, rng, world: World, night: Night) -> pl.DataFrame:
        someone = self._someone(rng, night, 0.6)
        count, at = len(someone), someone["at"].to_numpy()
        responded = coin(rng, count, 0.15)
        is_lead = pl.col("WhoId").str.starts_with("00Q")
        # The campaign that ran then; the last one runs on.
        first = self.campaigns["CreatedDate"].dt.epoch("s")[0]
        number = np.clip((at - first) // (15 * DAY), 0, len(self.campaigns) - 1)
        members = someone.select(
            "person", self.campaigns["Id"].gather(number).alias("CampaignId"),
            pl.when(is_lead).then("WhoId").alias("LeadId"),
            pl.when(~is_lead).then("WhoId").alias("ContactId"),
            pl.when(pl.Series(responded)).then(pl.lit("Responded")).otherwise(pl.lit("Sent"))
            .alias("Status"),
            pl.Series("HasResponded", responded),
            pl.when(pl.Series(responded)).then(_times(at).dt.date()).alias("FirstRespondedDate"),
            pl.concat_str("FirstName", "LastName", separator=" ", ignore_nulls=True).alias("Name"),
            "FirstName", "LastName", "Email", "Phone", "LeadSource", "DoNotCall",
            "HasOptedOutOfEmail", pl.Series("HasOptedOutOfFax", np.zeros(count, bool)),
            pl.when(is_lead).then(pl.lit("Lead")).otherwise(pl.lit("Contact")).alias("Type"),
            pl.col("WhoId").alias("LeadOrContactId"),
            **self._audit(rng, at, at),
        )
        # Nobody is twice a member of one campaign.
        members = members.unique(["CampaignId", "LeadOrContactId"], keep="first",
                                 maintain_order=True)
        members = members.with_columns(Id=self._ids("CampaignMember", len(members)))
        world.happened(
            "salesforce", "campaign_" + members["Status"].replace(
                ["Responded", "Sent"], ["response", "sent"]),
            members["person"], members["CreatedDate"].dt.epoch("s"), members["Id"],
        )
        return members


def _note_refusals(world: World, prefix: str, records: pl.DataFrame) -> None:
    """Who wants no mails, or no calls, as a box of the CRM says."""
    for box, channel in (("HasOptedOutOfEmail", "email"), ("DoNotCall", "phone")):
        refused = records.filter(box)
        world.consented(refused.select(
            (prefix + pl.col("Id")).alias("record_key"), "person", pl.lit(channel).alias("channel"),
            pl.lit("denied").alias("status"), pl.col("LastModifiedDate").dt.epoch("s").alias("at"),
        ))


def _answered(rng: np.random.Generator, cases: pl.DataFrame, night: Night) -> pl.DataFrame:
    """The cases that somebody wrote or called about before they were solved, with when: `at`."""
    opened = cases["CreatedDate"].dt.epoch("s").to_numpy()
    solved = cases["ClosedDate"].dt.epoch("s").fill_null(night.end).to_numpy()
    wait = np.minimum(np.exp(rng.normal(1.6, 1.1, len(cases))), 48) * 3600
    at = opened + wait.astype(np.int64)
    return cases.select(
        "person", pl.col("ContactId").alias("WhoId"), pl.col("Id").alias("WhatId"), "AccountId",
        pl.Series("at", at),
    ).filter(coin(rng, len(cases), 0.78) & (at < solved))


def _activities(
    rng: np.random.Generator, about: pl.DataFrame, talks: tuple[str, ...], statuses
) -> pl.DataFrame:
    """Calls and tasks, one for each row of `about`: person, WhoId, WhatId, AccountId and `at`."""
    count = len(about)
    is_call = pl.Series(coin(rng, count, 0.4))
    return about.select(
        "person", "WhoId", "WhatId", "AccountId",
        pl.when(is_call).then(pl.lit("Call")).otherwise(pick(rng, count, talks))
        .alias("Subject"),
        _times(about["at"].to_numpy()).dt.date().alias("ActivityDate"),
        pick(rng, count, ["Completed", "Not Started"], statuses).alias("Status"),
        pl.lit("Normal").alias("Priority"),
        pl.Series("IsHighPriority", np.zeros(count, bool)),
        pick(rng, count, [None, *_REMARKS], (85, 3, 3, 3, 3, 3)).alias("Description"),
        pl.when(is_call).then(pl.Series(rng.integers(20, 900, count)))
        .alias("CallDurationInSeconds"),
        pl.when(is_call).then(pick(rng, count, ["Outbound", "Inbound"])).alias("CallType"),
        pl.when(is_call).then(pl.lit("Call")).otherwise(pl.lit("Task")).alias("TaskSubtype"),
        *(pl.Series(name, np.zeros(count, bool))
          for name in ("IsArchived", "IsReminderSet", "IsRecurrence")),
    ).with_columns(IsClosed=pl.col("Status") == "Completed")


def _times(seconds: np.ndarray) -> pl.Series:
    return pl.from_epoch(pl.Series(seconds), time_unit="s")
