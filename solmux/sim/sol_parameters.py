"""The SOL configuration parameters of a simulated BMC (IPMI 2.0 section 26.3)."""

from solmux.ipmi.commands import (
    BitRate,
    Privilege,
    SolAccumulate,
    SolAuthentication,
    SolEnable,
    SolParameter,
    SolPort,
    SolRetry,
)
from solmux.ipmi.errors import DecodeError
from solmux.sim.faults import Faults
from solmux.sim.sol_output import SolTimings

CHANNEL = 1
"""Number of the LAN channel."""

_COMPLETE, _IN_PROGRESS, _COMMIT = 0, 1, 2
_UNITS_PER_SECOND_ACCUMULATE = 200
_UNITS_PER_SECOND_RETRY = 100
_LENGTHS = {
    SolParameter.SET_IN_PROGRESS: 1,
    SolParameter.ENABLE: 1,
    SolParameter.AUTHENTICATION: 1,
    SolParameter.CHARACTER_ACCUMULATE: 2,
    SolParameter.RETRY: 2,
    SolParameter.NON_VOLATILE_BIT_RATE: 1,
    SolParameter.VOLATILE_BIT_RATE: 1,
    SolParameter.PAYLOAD_CHANNEL: 1,
    SolParameter.PAYLOAD_PORT: 2,
}


class ParameterError(Exception):
    """A parameter cannot be read or written.

    Attributes:
      code: completion code of the answer.
    """

    def __init__(self, code: int) -> None:
        super().__init__(f"completion code {code:02X}h")
        self.code = code


class SolParameters:
    """Parameters 0 to 8, and what they mean to the SOL port.

    Attributes:
      timings: what parameters 3 and 4 say, for the SOL port to use.
    """

    def __init__(self, faults: Faults, port: int, accumulate_interval: float, send_threshold: int) -> None:
        accumulate = SolAccumulate(
            max(1, round(accumulate_interval * _UNITS_PER_SECOND_ACCUMULATE)), send_threshold
        )
        retry = SolRetry(
            faults.retry_count, min(0xFF, round(faults.retry_interval * _UNITS_PER_SECOND_RETRY))
        )
        self.timings = SolTimings(accumulate_interval, send_threshold, retry.count, faults.retry_interval)
        self._data = {
            SolParameter.SET_IN_PROGRESS: bytes((_COMPLETE,)),
            SolParameter.ENABLE: SolEnable(True).to_data(),
            SolParameter.AUTHENTICATION: SolAuthentication(
                Privilege.USER, force_encryption=True, force_authentication=True
            ).to_data(),
            SolParameter.CHARACTER_ACCUMULATE: accumulate.to_data(),
            SolParameter.RETRY: retry.to_data(),
            SolParameter.NON_VOLATILE_BIT_RATE: bytes((BitRate.B115200,)),
            SolParameter.VOLATILE_BIT_RATE: bytes((BitRate.B115200,)),
            SolParameter.PAYLOAD_CHANNEL: bytes((CHANNEL,)),
            SolParameter.PAYLOAD_PORT: SolPort(port).to_data(),
        }

    @property
    def enabled(self) -> bool:
        """Whether SOL may be activated."""
        return SolEnable.from_data(self._data[SolParameter.ENABLE]).enabled

    @property
    def authentication(self) -> SolAuthentication:
        """What SOL demands of a session."""
        return SolAuthentication.from_data(self._data[SolParameter.AUTHENTICATION])

    def activated(self) -> None:
        """An activation loads the volatile bit rate."""
        self._data[SolParameter.VOLATILE_BIT_RATE] = self._data[SolParameter.NON_VOLATILE_BIT_RATE]

    def read(self, parameter: int) -> bytes:
        """Return a parameter's data; raises `ParameterError`."""
        return self._data[_known(parameter)]

    def write(self, parameter: int, data: bytes) -> None:
        """Set a parameter; raises `ParameterError` and leaves everything as it was."""
        known = _known(parameter)
        if known is SolParameter.PAYLOAD_CHANNEL:
            raise ParameterError(0x82)
        if len(data) != _LENGTHS[known]:
            raise ParameterError(0xC7)
        if known is SolParameter.SET_IN_PROGRESS:
            self._set_progress(data[0])
            return
        try:
            self._apply(known, data)
        except DecodeError:
            raise ParameterError(0xCC) from None
        self._data[known] = data

    def _set_progress(self, state: int) -> None:
        if state == _IN_PROGRESS and self._data[SolParameter.SET_IN_PROGRESS][0] == _IN_PROGRESS:
            raise ParameterError(0x81)
        if state not in (_COMPLETE, _IN_PROGRESS, _COMMIT):
            raise ParameterError(0xCC)
        if state != _COMMIT:
            self._data[SolParameter.SET_IN_PROGRESS] = bytes((state,))

    def _apply(self, parameter: SolParameter, data: bytes) -> None:
        if parameter is SolParameter.CHARACTER_ACCUMULATE:
            accumulate = SolAccumulate.from_data(data)
            if not accumulate.interval_units:
                raise ParameterError(0xCC)
            self.timings.accumulate_interval = accumulate.interval
            self.timings.send_threshold = max(1, accumulate.threshold)
        elif parameter is SolParameter.RETRY:
            retry = SolRetry.from_data(data)
            self.timings.retry_count, self.timings.retry_interval = retry.count, retry.interval


def _known(parameter: int) -> SolParameter:
    try:
        return SolParameter(parameter)
    except ValueError:
        raise ParameterError(0x80) from None
