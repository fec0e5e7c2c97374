"""ListGroups: everything, and by state and type."""

from differ.groups import committed, gone, joined, stable
from differ.talk import Talk, versions

API = "ListGroups"


def _groups(talk: Talk) -> None:
    """A group in each state that lasts."""
    stable(talk, talk.name_of("stable"))
    joined(talk, talk.name_of("joined"))
    gone(talk, talk.name_of("empty"), stable(talk, talk.name_of("empty")))
    committed(talk, talk.name_of("offsets"), talk.topic())
    stable(talk, talk.name_of("connect"), protocol_type="connect")


def everything(talk: Talk) -> None:
    """All groups."""
    _groups(talk)
    talk.ask()


def none_of_ours(talk: Talk) -> None:
    """No groups of this case's own."""
    talk.ask()


@versions("4+")
def by_state(talk: Talk) -> None:
    """By state (KIP-518): in any case of letters, several, one that is none."""
    _groups(talk)
    for states in (["Stable"], ["stable"], ["Empty", "CompletingRebalance"], ["Dead"], ["NoSuchState"], [""]):
        talk.ask(states_filter=states)


@versions("5+")
def by_type(talk: Talk) -> None:
    """By type (KIP-848): in any case of letters, one that is none."""
    _groups(talk)
    for types in (["classic"], ["Classic"], ["consumer"], ["share"], ["nosuchtype"], [""]):
        talk.ask(types_filter=types)


@versions("5+")
def by_state_and_type(talk: Talk) -> None:
    """By both."""
    _groups(talk)
    talk.ask(states_filter=["Stable"], types_filter=["classic"])
    talk.ask(states_filter=["Stable"], types_filter=["consumer"])


def after_deletion(talk: Talk) -> None:
    """A group that was deleted is not listed."""
    group = talk.name_of("group")
    gone(talk, group, stable(talk, group))
    talk.ask()
    talk.ask_quietly("DeleteGroups", at=2, groups_names=[group])
    talk.ask()
