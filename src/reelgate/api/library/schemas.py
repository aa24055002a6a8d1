"""What the library says and takes, as types: the schema and the studio's client are made of these.

Times are milliseconds since 1970, money is decimal text, an address is a path on this server.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Kind = Literal["task", "clip", "upload", "character"]
Word = Literal[
    "queued", "submitting", "unconfirmed", "running", "archiving", "completed", "failed", "cancelled"
]


class LibraryTag(msgspec.Struct, frozen=True, kw_only=True):
    """A tag."""

    id: str
    name: str


class LibraryFolder(msgspec.Struct, frozen=True, kw_only=True):
    """A folder."""

    id: str
    name: str
    created_at: int
    updated_at: int
    items: int = 0


class LibraryCost(msgspec.Struct, frozen=True, kw_only=True):
    """What an item costs: what was promised, what is held, and what was taken."""

    currency: str
    quoted: str
    held: str | None = None
    """While it is not settled."""
    charged: str | None = None
    """None until it is settled; `0.00` when everything was given back."""


class LibraryError(msgspec.Struct, frozen=True, kw_only=True):
    """Why it failed, who can do something about it, what became of the money, and what to do."""

    code: str
    message: str
    param: str | None
    side: Literal["caller", "operator", "upstream", "nobody"]
    charge: Literal["none", "released", "held", "possible"]
    retryable: bool
    next_step: str


class LibrarySheet(msgspec.Struct, frozen=True, kw_only=True):
    """A picture of evenly spaced frames, row by row; frame `i` shows `(i + 0.5) / count * seconds`."""

    url: str
    columns: int
    rows: int
    count: int
    tile_width: int
    tile_height: int
    seconds: float


class LibraryMedia(msgspec.Struct, frozen=True, kw_only=True):
    """Where the files of an item are."""

    video: str | None = None
    poster: str | None = None
    thumbnail: str | None = None
    picture: str | None = None
    """The file of an uploaded picture."""
    download: str | None = None
    spritesheet: LibrarySheet | None = None
    media_type: str | None = None
    bytes: int | None = None
    width: int | None = None
    height: int | None = None
    seconds: float | None = None


class LibraryItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item as lists show it."""

    id: str
    kind: Kind
    project_id: str
    name: str | None
    prompt: str | None
    model: str | None
    served_by: str | None
    """The model behind an alias."""
    channel_id: str | None
    """For operators alone."""
    status: Word
    phase: str | None
    progress: int | None
    """What the upstream reported, in percent; None when it reported nothing: show the elapsed time then."""
    size: str | None
    aspect: str | None
    seconds: float | None
    favourite: bool
    rating: int
    folder_id: str | None
    tags: list[LibraryTag]
    cost: LibraryCost | None
    error: LibraryError | None
    media: LibraryMedia
    verb: Literal["create", "remix", "edit", "extend"] | None
    parent_id: str | None
    created_at: int
    started_at: int | None
    finished_at: int | None
    updated_at: int
    trashed_at: int | None
    purge_at: int | None
    """When a trashed item is deleted for good."""
    cancel_requested_at: int | None
    overdue_at: int | None
    expires_at: int | None


class LibraryValue(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a filter, and how many items it would leave under the other filters."""

    value: str | bool | int
    count: int


class LibraryFacets(msgspec.Struct, frozen=True, kw_only=True):
    """What every filter would leave. Folders count under the other choices, tags over everything."""

    total: int
    kind: list[LibraryValue]
    status: list[LibraryValue]
    model: list[LibraryValue]
    channel: list[LibraryValue]
    """For operators alone; empty for everybody else."""
    aspect: list[LibraryValue]
    favourite: list[LibraryValue]
    rating: list[LibraryValue]
    folder: list[LibraryValue]
    tag: list[LibraryValue]


class LibraryPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of items. `next` goes into `after`, `previous` into `before`."""

    data: list[LibraryItem]
    next: str | None
    previous: str | None
    facets: LibraryFacets | None = None


class LibraryInput(msgspec.Struct, frozen=True, kw_only=True):
    """A file a request worked from."""

    position: int
    role: Literal["first_frame", "last_frame", "reference", "source_video", "audio"]
    media_type: str
    url: str
    width: int | None
    height: int | None
    seconds: float | None
    character_id: str | None
    character_name: str | None


class LibraryAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """One paid submission."""

    id: str
    number: int
    state: Literal["submitting", "accepted", "refused", "unclear", "ended"]
    upstream_id: str | None
    """The upstream's own id of the job."""
    provider: str | None
    channel: str | None
    """For operators alone."""
    upstream_model: str
    error: LibraryError | None
    created_at: int
    submitted_at: int | None
    ended_at: int | None
    polls: int | None
    """How often the upstream was asked how the present attempt is, as far as written down; null for others."""


class LibraryRelation(msgspec.Struct, frozen=True, kw_only=True):
    """Something an item was made from."""

    id: str
    kind: Literal["task", "character", "upload"]
    verb: str


class LibraryUsual(msgspec.Struct, frozen=True, kw_only=True):
    """How many seconds a model takes here."""

    p50: float
    p90: float | None
    source: Literal["measured", "profile"]
    clips: int


class LibraryDetail(LibraryItem, frozen=True, kw_only=True):
    """An item with everything a page about it shows."""

    notes: str | None
    surface: str | None
    key_id: str | None
    request: dict[str, Any] | None
    """What was asked for, in our words."""
    effective: dict[str, Any] | None
    """What was really to be made, every default filled in."""
    adapted: list[dict[str, Any]]
    """What was moved to the nearest possible."""
    inputs: list[LibraryInput]
    attempts: list[LibraryAttempt]
    upstream_id: str | None
    """The upstream's own id of the job that counts."""
    usual: LibraryUsual | None
    parents: list[LibraryRelation]
    children: list[str]
    shares: int
    """How many links open it now."""


class LibraryChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be different about an item; what is left out stays."""

    name: str | msgspec.UnsetType | None = msgspec.UNSET
    favourite: bool | msgspec.UnsetType = msgspec.UNSET
    rating: int | msgspec.UnsetType = msgspec.UNSET
    """From 0, which is none, to 5."""
    notes: str | msgspec.UnsetType | None = msgspec.UNSET
    folder_id: str | msgspec.UnsetType | None = msgspec.UNSET
    tags: list[str] | msgspec.UnsetType = msgspec.UNSET
    """Names; those that are not there yet are made."""
    project_id: str | msgspec.UnsetType = msgspec.UNSET


class LibraryBulk(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to be done to many items."""

    action: Literal[
        "favourite",
        "unfavourite",
        "rate",
        "folder",
        "project",
        "add_tags",
        "remove_tags",
        "trash",
        "restore",
    ]
    ids: list[str]
    value: str | int | list[str] | None = None
    """The rating, the folder or project, or the names of tags."""


class LibraryBulkDone(msgspec.Struct, frozen=True, kw_only=True):
    """What a bulk action did, and to what it does not apply."""

    changed: list[str]
    skipped: list[str]


class LibraryName(msgspec.Struct, frozen=True, kw_only=True):
    """What something is to be called."""

    name: str


class LibraryFolders(msgspec.Struct, frozen=True, kw_only=True):
    """Folders by name."""

    data: list[LibraryFolder]


class LibraryTags(msgspec.Struct, frozen=True, kw_only=True):
    """Tags by name, with how many items each is on."""

    data: list[LibraryTagCount]


class LibraryTagCount(msgspec.Struct, frozen=True, kw_only=True):
    """A tag and how many items it is on."""

    id: str
    name: str
    items: int


class LibraryGone(msgspec.Struct, frozen=True, kw_only=True):
    """Says that something is gone."""

    id: str
    deleted: bool = True


class LibraryConfirm(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody types who means it: the name of the project."""

    confirm: str


class LibraryCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many items something was done to."""

    items: int


Effect = Literal["free", "stops", "may_be_charged", "held", "none"]


class LibraryWaiting(msgspec.Struct, frozen=True, kw_only=True):
    """An item of the queue."""

    item: LibraryItem
    position: int | None
    """Its place among all that wait for its model; fair turns may put it elsewhere."""
    cancelling: Effect
    """What cancelling now does to the money; `may_be_charged` where the upstream cannot be stopped."""


class LibraryLane(msgspec.Struct, frozen=True, kw_only=True):
    """A lane of the queue."""

    count: int
    data: list[LibraryWaiting]


class LibraryQueue(msgspec.Struct, frozen=True, kw_only=True):
    """Every lane, and how long the models in them usually take here."""

    waiting: LibraryLane
    running: LibraryLane
    needs_you: LibraryLane
    done: LibraryLane
    usual: dict[str, LibraryUsual]


class LibraryDifference(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a step changed."""

    field: str
    old: Any
    new: Any


class LibraryStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step from a parent to a child."""

    source: str
    target: str
    how: str
    """`remix`, `edit`, `extend`, `last_frame`, `first_frame`, `reference`, `source_video` or `character`."""
    changed: list[LibraryDifference]


class LibraryGraph(msgspec.Struct, frozen=True, kw_only=True):
    """Everything an item comes from and everything that came of that."""

    id: str
    nodes: list[LibraryItem]
    edges: list[LibraryStep]
    cut: bool
    """Whether there is more than is shown."""


class LibraryPicture(msgspec.Struct, frozen=True, kw_only=True):
    """A picture or clip kept to work from: its id goes into `input_reference.file_id`."""

    file_id: str
    role: str
    media_type: str
    url: str


class LibraryPictures(msgspec.Struct, frozen=True, kw_only=True):
    """Files kept to work from."""

    data: list[LibraryPicture]


class LibraryPreset(msgspec.Struct, frozen=True, kw_only=True):
    """Parameters kept under a name."""

    id: str
    name: str
    shared: bool
    """Whether everybody in the project sees it."""
    mine: bool
    body: dict[str, Any]
    created_at: int
    updated_at: int


class LibraryPresets(msgspec.Struct, frozen=True, kw_only=True):
    """Presets by name."""

    data: list[LibraryPreset]


class LibraryPresetWish(msgspec.Struct, frozen=True, kw_only=True):
    """What a preset is to be."""

    name: str
    body: dict[str, Any]
    shared: bool = False


class LibraryShareWish(msgspec.Struct, frozen=True, kw_only=True):
    """What a link is to be."""

    expires_at: int | None = None
    password: str | None = None
    hide_prompt: bool = False


class LibraryShare(msgspec.Struct, frozen=True, kw_only=True):
    """A link that shows one item to whoever has it."""

    id: str
    item_id: str
    has_password: bool
    hide_prompt: bool
    opened: int
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    path: str | None = None
    """Where it leads; told once, when it is made."""


class LibraryShares(msgspec.Struct, frozen=True, kw_only=True):
    """Links, the newest first."""

    data: list[LibraryShare]


class LibraryPassword(msgspec.Struct, frozen=True, kw_only=True):
    """The password of a link."""

    password: str


class LibraryShared(msgspec.Struct, frozen=True, kw_only=True):
    """What a link shows to anybody who has it. Nothing else of its owner is told."""

    locked: bool
    """Whether a password is to be typed; nothing else is told before."""
    name: str | None = None
    prompt: str | None = None
    model: str | None = None
    seconds: float | None = None
    width: int | None = None
    height: int | None = None
    created_at: int | None = None
    video: str | None = None
    poster: str | None = None
    expires_at: int | None = None


class LibraryIds(msgspec.Struct, frozen=True, kw_only=True):
    """Which items are meant."""

    ids: list[str]


class LibraryTicket(msgspec.Struct, frozen=True, kw_only=True):
    """Where a parcel can be fetched, for a while."""

    url: str
    expires_at: int


class LibraryRecipe(msgspec.Struct, frozen=True, kw_only=True):
    """What a file says about how it was made. It may have been written by anybody."""

    found: bool
    recipe: dict[str, Any] | None = None
    item_id: str | None = None
    """The item of this library it names, if there is one."""


class LibraryBrought(msgspec.Struct, frozen=True, kw_only=True):
    """The item something has become."""

    id: str
    known: bool
    """Whether the very same clip was there before."""


class LibraryOldClip(msgspec.Struct, frozen=True, kw_only=True):
    """A clip as an earlier program knew it."""

    ids: list[str]
    files: list[str]
    """Names its file may have."""
    prompt: str | None
    model: str | None
    created_at: int | None


class LibraryOldCharacter(msgspec.Struct, frozen=True, kw_only=True):
    """A character as an earlier program knew it."""

    id: str
    name: str
    from_task: str | None
    files: list[str]
    timestamps: str | None
    """From when to when it is seen in its clip, such as `1,3`."""


class LibraryOldList(msgspec.Struct, frozen=True, kw_only=True):
    """What could be understood of `history.json` or `characters.json`; nothing is kept by reading it."""

    clips: list[LibraryOldClip]
    characters: list[LibraryOldCharacter]


class LibraryCharacterWish(msgspec.Struct, frozen=True, kw_only=True):
    """Which one to three seconds of an item show a figure, and what it is called."""

    item_id: str
    name: str
    start_seconds: float
    end_seconds: float
