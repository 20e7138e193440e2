"""What an export covers: the messages, the types with a file of their own, and what a stable export leaves out."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from agent_protocol import registry
from agent_protocol.registry import AnyMethod
from agent_protocol.schema.catalog import Catalog
from agent_protocol.schema.declaration import Definition, Named, Shape, TaggedArm, Union


@dataclass(frozen=True)
class Message:
    """A message of one kind: its wire name, and what its params are, ``None`` where it has none."""

    name: str
    params: Named | None


@dataclass(frozen=True)
class Family:
    """All messages of one kind, exported as one union."""

    name: str
    messages: Sequence[Message]
    has_ids: bool


@dataclass(frozen=True)
class Surface:
    """One export: stable or experimental."""

    catalog: Catalog
    families: Sequence[Family]
    exported: Sequence[Named]
    hidden: Set[Named]
    is_experimental: bool

    def definition(self, name: Named) -> Definition:
        """The declaration of *name* as this export shows it."""
        return self._shown(self.catalog[name])

    def reachable(self, start: Sequence[Named]) -> Sequence[Named]:
        """What *start* refers to, directly or not, without what this export hides.

        Members that a stable export leaves out still count: the reference keeps the declarations they refer to.
        """
        return [name for name in self.catalog.reachable(start) if name not in self.hidden]

    def _shown(self, definition: Definition) -> Definition:
        if self.is_experimental:
            return definition
        match definition:
            case Shape():
                return _stable(definition)
            case Union(arms=arms):
                return Union(
                    [TaggedArm(arm.tag, _stable(arm.shape)) if isinstance(arm, TaggedArm) else arm for arm in arms]
                )
        return definition


def surface(*, experimental: bool) -> Surface:
    """Collect what is exported, in the order of the registry. Imports every resource."""
    catalog = Catalog()
    methods = list(registry.client_methods())
    questions = list(registry.server_requests())
    hidden: set[Named] = set()
    exported: dict[Named, None] = {}
    for method in methods:
        names = list(_types(catalog, method))
        if method.experimental and not experimental:
            hidden.update(names)
        else:
            exported.update(dict.fromkeys(names))
    shown = [method for method in methods if experimental or not method.experimental]
    families = [
        Family("ClientRequest", [Message(method.name, _name(catalog, method.params)) for method in shown], True),
        Family("ClientNotification", [Message(sent.name, None) for sent in registry.client_notifications()], False),
        Family("ServerRequest", [Message(asked.name, _name(catalog, asked.params)) for asked in questions], True),
        Family(
            "ServerNotification",
            [Message(sent.name, _name(catalog, sent.params)) for sent in registry.notifications()],
            False,
        ),
    ]
    exported.update(
        dict.fromkeys(message.params for family in families for message in family.messages if message.params)
    )
    exported.update(dict.fromkeys(_named(catalog, asked.result) for asked in questions))
    return Surface(catalog, families, list(exported), hidden, experimental)


def _types(catalog: Catalog, method: AnyMethod) -> Iterator[Named]:
    if method.params is not None:
        yield _named(catalog, method.params)
    yield _named(catalog, method.result)


def _name(catalog: Catalog, declared: object) -> Named | None:
    return None if declared is None else _named(catalog, declared)


def _named(catalog: Catalog, declared: object) -> Named:
    name = catalog.add(declared)
    assert isinstance(name, Named)
    return name


def _stable(shape: Shape) -> Shape:
    members = [member for member in shape.members if member.experimental is None]
    return Shape(shape.name, shape.doc, members, shape.is_open)
