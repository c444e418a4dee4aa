"""Who may change the files: one database per folder of the store root.

A copy of a database knows the same folder and the same files, and would remove those that are current in the
original. The folder therefore holds a claim: a token that the owner's database holds too, and the places of
that database. Another place is refused even with the right token, and a token is replaced once a day, so that an
older copy is refused wherever it is. Files that were copied together with their database belong to the copy.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
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
RENEWED_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class Claim:
    """The owner's mark. `next_token` is set while the token is being replaced; `folder` and `inode` say which folder
    of a machine it was written into, and are empty for a bucket."""

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

    @property
    def is_old(self) -> bool:
        """Whether the token is due to be replaced."""
        return datetime.now(UTC) - self.renewed_at >= RENEWED_AFTER

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

    def require(self, token: str | None = None) -> None:
        """Let the owner pass, and the first who comes; raises NotOwnerError for every other database.

        `token` is that of the database where the caller has read it already.
        """
        claim = self.claim()
        if claim is None or claim.is_old or not self._owns(claim, self._token() if token is None else token):
            self._settle()

    def adopt(self) -> Claim | None:
        """Make this database the owner, whoever was before; the claim until now."""
        with self._alone() as connection:
            try:
                before = self.claim()
            except FeatureStoreError:
                before = None
            mine = before is not None and self._token() in (before.token, before.next_token)
            known = before.places if before is not None and mine else ()
            self._write(self._new_claim([*known, self.place]), connection)
        return before

    def _owns(self, claim: Claim, token: str) -> bool:
        return bool(token) and token in (claim.token, claim.next_token) and self.place in claim.places

    def _token(self) -> str:
        return str(self.database.scalar("select owner_token from features.store_identity") or "")

    @contextmanager
    def _alone(self) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
        """One process of this database at a time looks at the claim in order to change it."""
        with self.database.connect() as connection:
            # Of the session, not of the transaction: the new token is committed before the claim is written.
            connection.execute("select pg_advisory_lock(hashtextextended('store claim', 0))")
            yield connection

    def _settle(self) -> None:
        """Claim what is nobody's, renew an old claim, take over files that were copied with the database."""
        with self._alone() as connection:
            claim, token = self.claim(), self._token()
            if claim is None or (token in (claim.token, claim.next_token) and self._is_copied(claim)):
                self._write(self._new_claim([self.place]), connection)
            elif not self._owns(claim, token):
                raise NotOwnerError(self._refusal(claim))
            elif claim.is_old:
                # Both tokens count until the database has the new one: a crash in between locks nobody out.
                new = self._new_claim(claim.places)
                self._put(replace(claim, token=token, next_token=new.token))
                self._write(new, connection)

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

    def _write(self, claim: Claim, connection: "psycopg.Connection[tuple[Any, ...]]") -> None:
        connection.execute("update features.store_identity set owner_token = $1", (claim.token,))
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
