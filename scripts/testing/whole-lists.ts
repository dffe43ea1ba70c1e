/**
 * Loaded first in each test file: a list matches a pattern of the same length only, at any depth. Left alone, tap takes
 * the pattern `[1]` as the beginning of a list, and an unexpected record or problem at its end goes unseen.
 */
import { Format, Has } from 'tcompare'

const wholeList = Object.getOwnPropertyDescriptor(Format.prototype, 'objectAsArray')
if (wholeList === undefined) throw new Error('tcompare has changed: lists would match patterns that are shorter')
// `Has`, and with it `Match`, cuts the list down to the length of the pattern here.
Object.defineProperty(Has.prototype, 'objectAsArray', wholeList)
