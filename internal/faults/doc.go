// Package faults gives the code named points at which a test can make it fail,
// stop or vanish.
//
// The first call to make is [Point], placed where a failure would hurt most:
//
//	if err := faults.Point("durable.rename"); err != nil {
//		return err
//	}
//
// In an ordinary build Point is an empty function that the compiler removes.
// Built with the tag "faults" a point does what it was armed for, by the
// environment variable BONAFIDE_FAULTS, read once at the first point, or by
// Arm. The syntax is a list of orders separated by commas:
//
//	NAME=ACTION          at every passage of the point
//	NAME=ACTION:COUNT    at passage number COUNT only, counted from 1
//	NAME=ACTION:COUNT+   at passage number COUNT and all later ones
//
// with the actions
//
//	error   Point returns an error that is ErrInjected
//	exit    the process ends at once with ExitCode; nothing deferred runs
//	stall   Point does not return before the order is disarmed
//
// A name is "package.step" in lower case. Orders that cannot be read make
// every point fail with ErrOrder: a test must not pass because its fault was
// misspelled. Nothing here may run in production: [Enabled] tells the builds
// apart, and an ordinary build ignores the environment variable.
package faults
