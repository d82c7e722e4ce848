"""Addresses of the way to Client Services, part by part. The converter `code` is that of projects."""

from handoff.package.urls import urlpatterns as package
from handoff.phased.urls import urlpatterns as phased
from handoff.readiness.urls import urlpatterns as readiness
from handoff.summary.urls import urlpatterns as summary
from handoff.support.urls import urlpatterns as support
from handoff.tier.urls import urlpatterns as tier
from handoff.watch.urls import urlpatterns as watch

urlpatterns = [*readiness, *tier, *summary, *package, *support, *phased, *watch]
