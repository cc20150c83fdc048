"""How problems are spelt, and which error is whose fault."""

from agent.model.errors import (
    AuthenticationError,
    ConfigError,
    DeviceError,
    DeviceTimeout,
    DeviceUnreachable,
    Problem,
    ProtocolError,
    RackagentError,
    RequestRejected,
    UnknownDevice,
)


def test_a_problem_names_file_line_key_and_what_is_wrong() -> None:
    assert str(Problem("a.yaml", 7, "racks[0].name", "is odd")) == "a.yaml:7: racks[0].name: is odd"


def test_a_problem_of_the_whole_file_has_neither_line_nor_key() -> None:
    assert str(Problem("a.yaml", 0, "", "is empty")) == "a.yaml: is empty"


def test_a_configuration_error_shows_every_problem_on_a_line_of_its_own() -> None:
    problems = [Problem("a", 1, "x", "one"), Problem("a", 2, "y", "two")]
    error = ConfigError(problems)
    assert str(error) == "a:1: x: one\na:2: y: two"
    assert error.problems == tuple(problems)


def test_a_configuration_error_without_a_file_is_its_text() -> None:
    error = ConfigError("unknown profile 'x'")
    assert (str(error), error.problems) == ("unknown profile 'x'", ())


def test_every_device_error_has_a_kind_of_its_own() -> None:
    kinds = [
        error.kind
        for error in (
            DeviceError,
            DeviceTimeout,
            DeviceUnreachable,
            AuthenticationError,
            ProtocolError,
            RequestRejected,
            UnknownDevice,
        )
    ]
    assert len(set(kinds)) == len(kinds)


def test_a_rejection_keeps_the_code_of_the_wire() -> None:
    error = RequestRejected("illegal data address", 2)
    assert (str(error), error.code) == ("illegal data address", 2)


def test_our_fault_is_never_caught_as_theirs() -> None:
    assert not issubclass(ConfigError, DeviceError)
    assert issubclass(ConfigError, RackagentError)
    assert issubclass(DeviceError, RackagentError)
