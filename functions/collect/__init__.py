"""The collector: tracking calls, pixel and memberships over HTTP; starts cold in a moment."""
