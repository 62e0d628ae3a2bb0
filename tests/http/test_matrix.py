"""What only a contract broker can answer (README, «What it is not for»)."""

import pytest

from service.http import matrix
from tests.service import Running


@pytest.mark.parametrize(
    "path", ["/matrix?q[][pacticipant]=Foo&latestby=cvp", "/can-i-deploy?pacticipant=Foo&version=1&to=prod"]
)
async def test_whether_something_can_be_deployed_is_left_to_the_broker(running: Running, path: str) -> None:
    """Nobody takes silence or a missing path for a no: the answer is a sentence, and no yes, for whoever may read."""
    assert 401 == (await running.nobody.get(path)).status
    answer = await running.admin.get(path)
    assert (422, {"errors": [matrix.SENTENCE]}) == (answer.status, answer.json)
