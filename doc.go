// Package tigertonic is a framework for JSON web services.
package tigertonic
