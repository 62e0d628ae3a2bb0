"""Where AuthZEN 1.0 is served: the paths that the specification proposes, and what its metadata call them."""

from typing import Final

EVALUATION: Final = "/access/v1/evaluation"
EVALUATIONS: Final = "/access/v1/evaluations"
SEARCH_SUBJECT: Final = "/access/v1/search/subject"
SEARCH_RESOURCE: Final = "/access/v1/search/resource"
SEARCH_ACTION: Final = "/access/v1/search/action"
CONFIGURATION: Final = "/.well-known/authzen-configuration"

ENDPOINTS: Final = {
    "access_evaluation_endpoint": EVALUATION,
    "access_evaluations_endpoint": EVALUATIONS,
    "search_subject_endpoint": SEARCH_SUBJECT,
    "search_resource_endpoint": SEARCH_RESOURCE,
    "search_action_endpoint": SEARCH_ACTION,
}
"""By the names of the specification's metadata, in its order."""

PATHS: Final = frozenset(ENDPOINTS.values())
"""On these an error is "an error message string", as the specification has it, and no document."""
