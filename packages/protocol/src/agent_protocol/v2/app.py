"""The apps a user can connect, as the model may call them."""

from collections.abc import Mapping, Sequence

from agent_protocol.registry import Method, Notification
from agent_protocol.v2.common import Params, Uint32
from agent_protocol.wire import Wire


class AppsListParams(Params, frozen=True, kw_only=True):
    """Which page of the apps, and whether to skip the cache."""

    cursor: str | None = None
    limit: Uint32 | None = None
    thread_id: str | None = None
    force_refetch: bool = False


class AppBranding(Wire, frozen=True, kw_only=True):
    """Who stands behind an app."""

    category: str | None = None
    developer: str | None = None
    website: str | None = None
    privacy_policy: str | None = None
    terms_of_service: str | None = None
    is_discoverable_app: bool


class AppReview(Wire, frozen=True, kw_only=True):
    """The review state of an app."""

    status: str


class AppScreenshot(Wire, frozen=True, kw_only=True):
    """A picture of an app and the prompt it shows."""

    url: str | None = None
    file_id: str | None = None
    user_prompt: str


class AppMetadata(Wire, frozen=True, kw_only=True):
    """What the directory says about an app."""

    review: AppReview | None = None
    categories: Sequence[str] | None = None
    sub_categories: Sequence[str] | None = None
    seo_description: str | None = None
    screenshots: Sequence[AppScreenshot] | None = None
    developer: str | None = None
    version: str | None = None
    version_id: str | None = None
    version_notes: str | None = None
    first_party_type: str | None = None
    first_party_requires_install: bool | None = None
    show_in_composer_when_unlinked: bool | None = None


class AppInfo(Wire, frozen=True, kw_only=True):
    """An app: what it is, whether the user may use it and whether it is switched on."""

    id: str
    name: str
    description: str | None = None
    logo_url: str | None = None
    logo_url_dark: str | None = None
    distribution_channel: str | None = None
    branding: AppBranding | None = None
    app_metadata: AppMetadata | None = None
    labels: Mapping[str, str] | None = None
    install_url: str | None = None
    is_accessible: bool = False
    is_enabled: bool = True


class AppsListResponse(Wire, frozen=True, kw_only=True):
    """One page of apps."""

    data: Sequence[AppInfo]
    next_cursor: str | None = None


class AppListUpdatedNotification(Wire, frozen=True, kw_only=True):
    """The whole list of apps as known so far."""

    data: Sequence[AppInfo]


APP_LIST = Method("app/list", AppsListParams, AppsListResponse, ordered=False)
APP_LIST_UPDATED = Notification("app/list/updated", AppListUpdatedNotification)
