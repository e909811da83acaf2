// Package country knows the codes of countries that credentials and registers
// use, and nothing else about countries.
//
// The first call to make is [Alpha2]: it gives the two letters of ISO 3166-1
// for a code of two or three letters, also for those that only the European
// Union uses (EL, UK, XI in VAT numbers, XK and 1A0 for Kosovo).
//
// It promises that what it does not know is said to be unknown. It never
// guesses a country from a name, and never reads a file or the network.
package country
