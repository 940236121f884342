// Package cors holds tests of CORS in a browser, which is who it is for. They need
// Chromium, and are skipped without it unless the environment has
// TIGERTONIC_REQUIRE_BROWSER.
package cors
