"""The schema, once: every table, constraint and index, the same on SQLite and PostgreSQL.

Times are integer milliseconds, money is integer micro-units, JSON is text written by msgspec, so
that a row reads the same on both databases. Words of a closed vocabulary are checked by the
database against the enum they come from.
"""

from __future__ import annotations

from reelgate.store.tables.columns import DEFAULT_ACCOUNT as DEFAULT_ACCOUNT
from reelgate.store.tables.columns import DEFAULT_PROJECT as DEFAULT_PROJECT
from reelgate.store.tables.columns import DEFAULT_USER as DEFAULT_USER
from reelgate.store.tables.columns import HEAD as HEAD
from reelgate.store.tables.columns import KNOWN as KNOWN
from reelgate.store.tables.columns import metadata as metadata
from reelgate.store.tables.configuration import aliases as aliases
from reelgate.store.tables.configuration import channel_health as channel_health
from reelgate.store.tables.configuration import channel_keys as channel_keys
from reelgate.store.tables.configuration import channel_quotas as channel_quotas
from reelgate.store.tables.configuration import channels as channels
from reelgate.store.tables.configuration import database_facts as database_facts
from reelgate.store.tables.configuration import durations as durations
from reelgate.store.tables.configuration import learned_profiles as learned_profiles
from reelgate.store.tables.configuration import settings as settings
from reelgate.store.tables.files import assets as assets
from reelgate.store.tables.files import blobs as blobs
from reelgate.store.tables.files import characters as characters
from reelgate.store.tables.files import condemned_blobs as condemned_blobs
from reelgate.store.tables.files import uploads as uploads
from reelgate.store.tables.library import library_folders as library_folders
from reelgate.store.tables.library import library_item_tags as library_item_tags
from reelgate.store.tables.library import library_items as library_items
from reelgate.store.tables.library import library_origins as library_origins
from reelgate.store.tables.library import library_presets as library_presets
from reelgate.store.tables.library import library_shapes as library_shapes
from reelgate.store.tables.library import library_shares as library_shares
from reelgate.store.tables.library import library_state as library_state
from reelgate.store.tables.library import library_tags as library_tags
from reelgate.store.tables.library import library_texts as library_texts
from reelgate.store.tables.limits import allowances as allowances
from reelgate.store.tables.limits import buckets as buckets
from reelgate.store.tables.limits import duties as duties
from reelgate.store.tables.limits import turns as turns
from reelgate.store.tables.oversight import activity as activity
from reelgate.store.tables.oversight import audit as audit
from reelgate.store.tables.oversight import audit_head as audit_head
from reelgate.store.tables.oversight import setting_changes as setting_changes
from reelgate.store.tables.people import accounts as accounts
from reelgate.store.tables.people import api_keys as api_keys
from reelgate.store.tables.people import identities as identities
from reelgate.store.tables.people import links as links
from reelgate.store.tables.people import projects as projects
from reelgate.store.tables.people import refresh_tokens as refresh_tokens
from reelgate.store.tables.people import sessions as sessions
from reelgate.store.tables.people import signing_keys as signing_keys
from reelgate.store.tables.people import team_members as team_members
from reelgate.store.tables.people import teams as teams
from reelgate.store.tables.people import users as users
from reelgate.store.tables.records import Audience as Audience
from reelgate.store.tables.records import DeliveryState as DeliveryState
from reelgate.store.tables.records import deliveries as deliveries
from reelgate.store.tables.records import events as events
from reelgate.store.tables.records import ledger as ledger
from reelgate.store.tables.records import mails as mails
from reelgate.store.tables.records import webhook_endpoints as webhook_endpoints
from reelgate.store.tables.work import ParentKind as ParentKind
from reelgate.store.tables.work import RepeatKind as RepeatKind
from reelgate.store.tables.work import attempts as attempts
from reelgate.store.tables.work import callback_keys as callback_keys
from reelgate.store.tables.work import idempotency as idempotency
from reelgate.store.tables.work import lineage as lineage
from reelgate.store.tables.work import task_inputs as task_inputs
from reelgate.store.tables.work import tasks as tasks
