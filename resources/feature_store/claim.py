"""Who may change the files: one database per folder of the store root.

A copy of a database knows the same folder and the same files, and would remove those that are current in the
original. The folder therefore holds a claim: a token that the owner's database holds too, and the places of
that database. Another place is refused even with the right token. The token is replaced before every change of a
file, so that a copy of any kind, made before the owner's last change, is refused wherever it is. Of two databases
that both hold the newest token the first that changes a file is the owner. Files that were copied together with
their database belong to the copy.

The database gets the next token before the folder does, and holds both until the next change: a crash in between
locks nobody out.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy.engine import make_url

from resources.feature_store.errors import FeatureStoreError, NotOwnerError
from resources.feature_store.root import StoreRoot
from resources.postgres.database import Database
from resources.postgres.queries import query

if TYPE_CHECKING:
    import psycopg

CLAIM_FILE = "owner.json"


@dataclass(frozen=True)
class Claim:
    """The owner's mark. Earlier versions set `next_token` while they replaced the token; `folder` and `inode` say which
    folder of a machine it was written into, and are empty for a bucket."""

    token: str
    places: tuple[str, ...]
    owner: str
    renewed_at: datetime
    next_token: str = ""
    folder: str = ""
    inode: int = 0

    @classmethod
    def parse(cls, text: bytes, address: str) -> "Claim":
        try:
            fields = json.loads(text)
            moment = datetime.fromisoformat(fields.pop("renewed_at"))
            return cls(places=tuple(fields.pop("places")), renewed_at=moment, **fields)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise FeatureStoreError(
                f"{address} is not the claim of a database: if this database owns the files there, run "
                "`okxsignal store adopt`"
            ) from None

    def is_known_to(self, tokens: Collection[str]) -> bool:
        """Whether a database with these tokens wrote it."""
        return bool({self.token, self.next_token} & {token for token in tokens if token})

    def written(self) -> bytes:
        return json.dumps(asdict(self), indent=1, default=datetime.isoformat).encode()


@dataclass(frozen=True)
class Ownership:
    """The right of `database` to change the files in `folder` under `root`."""

    database: Database
    root: StoreRoot
    folder: str

    @property
    def _path(self) -> str:
        return f"{self.folder}/{CLAIM_FILE}"

    @cached_property
    def place(self) -> str:
        """The database as no copy of it has it: its cluster, its number there, and where the cluster lies."""
        facts = self.database.rows(query("database_place"))[0]
        address = make_url(self.database.url)
        host = str(address.host or address.query.get("host", "localhost"))
        at = f"{host.lower()}:{address.port or 5432}"
        directory = facts["data_directory"]
        if host.startswith("/") and directory is not None and Path(directory).is_dir():
            at = f"inode {Path(directory).stat().st_ino}"  # a folder keeps it when it is moved; a copy has another
        return f"{facts['system_identifier']}/{facts['database_oid']} at {at}"

    @cached_property
    def _owner(self) -> str:
        """The database for people."""
        address = make_url(self.database.url)
        host = address.host or address.query.get("host", "localhost")
        return f"{address.database} at {host}"

    def claim(self) -> Claim | None:
        """The claim under the root, None where nobody has written yet."""
        try:
            text = self.root.read(self._path)
        except FileNotFoundError:
            return None
        return Claim.parse(text, self.root.address(self._path))

    def require(self, tokens: Collection[str] | None = None) -> None:
        """Let the owner pass, and the first who comes; raises NotOwnerError for every other database.

        `tokens` are those of the database where the caller has read them already.
        """
        claim = self.claim()
        if claim is None or not self._owns(claim, self._tokens() if tokens is None else tokens):
            self._settle()

    def renew(self) -> None:
        """Replace the token, which every change of a file needs first: copies made until now are refused from here on.

        Raises NotOwnerError for a database that is not the owner.
        """
        self._settle(renewed=True)

    def adopt(self) -> Claim | None:
        """Make this database the owner, whoever was before; the claim until now."""
        with self._alone() as connection:
            try:
                before = self.claim()
            except FeatureStoreError:
                before = None
            mine = before is not None and before.is_known_to(self._tokens())
            known = before.places if before is not None and mine else ()
            self._write(self._new_claim([*known, self.place]), connection)
        return before

    def _owns(self, claim: Claim, tokens: Collection[str]) -> bool:
        return claim.is_known_to(tokens) and self.place in claim.places

    def _tokens(self) -> tuple[str, ...]:
        """The token of this database and the next; see `owner_tokens.sql`."""
        return tuple(row["token"] for row in self.database.rows(query("owner_tokens")))

    @contextmanager
    def _alone(self) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
        """One process of this database at a time looks at the claim in order to change it."""
        with self.database.connect() as connection:
            # Of the session, not of the transaction: the new token is committed before the claim is written.
            connection.execute("select pg_advisory_lock(hashtextextended('store claim', 0))")
            yield connection

    def _settle(self, *, renewed: bool = False) -> None:
        """Claim what is nobody's, take over files that were copied with the database, give the owner a new token."""
        with self._alone() as connection:
            claim, tokens = self.claim(), self._tokens()
            if claim is None or (claim.is_known_to(tokens) and self._is_copied(claim)):
                self._write(self._new_claim([self.place]), connection)
            elif not self._owns(claim, tokens):
                raise NotOwnerError(self._refusal(claim))
            elif renewed:
                self._write(self._new_claim(claim.places), connection, claim.token)

    def _new_claim(self, places: Sequence[str]) -> Claim:
        folder = self.root.folder
        known = tuple(dict.fromkeys(places))
        claim = Claim(str(uuid4()), known, self._owner, datetime.now(UTC), folder=str(folder or ""))
        if folder is None:
            return claim
        (folder / self.folder).mkdir(parents=True, exist_ok=True)
        return replace(claim, inode=(folder / self.folder).stat().st_ino)

    def _is_copied(self, claim: Claim) -> bool:
        """Whether the claim was written into another folder of a machine and came here with a copy of the files."""
        folder = self.root.folder
        if folder is None or not claim.folder or str(folder) == claim.folder:
            return False
        return (folder / self.folder).stat().st_ino != claim.inode

    def _write(
        self,
        claim: Claim,
        connection: "psycopg.Connection[tuple[Any, ...]]",
        until_now: str | None = None,
    ) -> None:
        """Both tokens into the database, for good, before the new one into the folder."""
        connection.execute("set local synchronous_commit = on")
        connection.execute(
            "update features.store_identity set owner_token = coalesce($1, owner_token), next_token = $2",
            (until_now, claim.token),
        )
        connection.commit()
        self._put(claim)
        if self.claim() != claim:
            raise NotOwnerError(
                f"another database has claimed {self.root.address(self.folder)} at this moment: try again"
            )

    def _put(self, claim: Claim) -> None:
        self.root.put(self._path, claim.written())

    def _refusal(self, claim: Claim) -> str:
        return (
            f"the files in {self.root.address(self.folder)} belong to another database ({claim.owner}, last seen "
            f"{claim.renewed_at:%Y-%m-%d %H:%M} UTC), and one of the two is a copy of the other: this one may read "
            "them, and changes nothing. Give it files of its own: copy that folder to another place and set "
            "OKXSIGNAL_STORE_URL to it. Or, when the other database is gone for good, run `okxsignal store adopt`"
        )
