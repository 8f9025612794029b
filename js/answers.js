// @ts-check

/** @typedef {import('./core.js').Doors} Doors */

/** How many numbers an answer has room for. */
const ANSWER_LENGTH = 32

/** Where doors leave the numbers of an answer. */
class AnswerRoom {
  /** @param {Doors} doors */
  constructor(doors) {
    /** Stays where it is for as long as the room is there. */
    this.numbers = new Float64Array(ANSWER_LENGTH)
    /** What doors take for this room. @type {unknown} */
    this.place = doors.placeOf(this)
  }
}

module.exports = { AnswerRoom }
