"""The provider's side once more, as a test suite in Python has it: pact-python verifies and publishes."""

from pathlib import Path
from typing import Final

from tests.judges import acts, company, provider, tools
from tests.judges.acts import ACT, Act
from tests.judges.proofs import Proofs
from tests.judges.tools import Tools
from tests.judges.verifier import ON_BAZ, PUBLISHED

NAME: Final = "pact-python"
ACTS: Final = (
    PUBLISHED,
    Act(
        claim="Billy's test suite verifies and publishes with branch and tag",
        who="billy",
        run="{good} 4.0.0 main test",
        leaves=(
            "Billy put version 4.0.0 of the application Baz on the branch main.",
            "Billy tagged version 4.0.0 of the application Baz as test.",
            "Billy published that version 4.0.0 of Baz passed the verification of Bar/Baz.",
        ),
    ),
    Act(
        claim="Sally's verifies and may not publish it",
        who="sally",
        run="{good} 4.0.1 main test",
        denied=ON_BAZ,
    ),
    Act(
        claim="what a provider breaks fails the test suite, and is published as a failure",
        who="billy",
        run="{bad} 4.0.2 main test",
        ends=1,
        says=("expected 200 but was 500",),
        leaves=(
            "Billy put version 4.0.2 of the application Baz on the branch main.",
            "Billy tagged version 4.0.2 of the application Baz as test.",
            "Billy published that version 4.0.2 of Baz failed the verification of Bar/Baz.",
        ),
    ),
)


async def judge(proofs: Proofs, found: Tools) -> None:
    """Prove every act, then that the record holds them and nothing else."""
    script = Path(__file__).with_name("with_pact_python.py")
    client = (tools.interpreter(found.python), "-I", str(script), "{url}", "{token}", ACT)
    async with company.opened(NAME) as ours, provider.serving(200) as good, provider.serving(500) as bad:
        stage = acts.Stage(ours, client, good=str(good), bad=str(bad))
        await stage.judged(proofs, *ACTS)
