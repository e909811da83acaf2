// Package annex reports which of the European standard elements for
// micro-credentials a credential carries: the eleven mandatory and five
// optional ones of Annex I of Council Recommendation 2022/C 243/02.
//
// The first call to make is [Read]: the secured document goes in, a [Report]
// comes out with one [Element] each, present, missing or malformed, with the
// path where it stands and the Union principle that it serves. [Report.Rows]
// turns it into rows of a verdict, and [Report.Facts] holds what later checks
// ask for: who the learner is, who awards, where and when.
//
// Three profiles are read: European Digital Credentials in the European
// Learning Model (by JSON path, one value or many everywhere), Open Badges
// 3.0, and the project's own micro-credentials, which are Open Badges with
// further terms. For anything else the report is empty.
//
// It promises bounded output for any tree, and that a value counts only when
// it can be used: sixty months of work, level nine, or a birth date that may
// mean one of two days are findings and no elements. It says nothing about
// authenticity, believes nothing, guesses nothing and looks nothing up.
package annex
