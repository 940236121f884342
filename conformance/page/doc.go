// Package page holds tests of the page of package openapi in a browser. They need
// Chromium, and are skipped without it unless the environment has
// TIGERTONIC_REQUIRE_BROWSER.
package page
