// One thing about libraries in ELF, the format of Linux: unpacking what a loader must add its base address to.
//
// A library lists the places in it that hold addresses. New linkers pack that list (RELR): an even entry is a place, an
// odd one a bit for each of the 63 words that follow. Musl reads packed lists since 1.2.4; an older one leaves the
// places as they are, and the program crashes. Unpacked, an entry is a triple of place, kind and address (RELA), which
// every loader reads.

import { readFileSync, writeFileSync } from 'node:fs'

const LOAD = 1
const DYNAMIC = 2
const STACK = 0x6474e551 // says how the stack may be used; a library does without
const RELA = 7
const RELASZ = 8
const RELRSZ = 35
const RELR = 36
const RELATIVE = 8n
const WORD = 8
const TRIPLE = 3 * WORD
const PAGE = 4096

const wholePages = (size) => Math.ceil(size / PAGE) * PAGE

/** A library of 64 bits, read: its bytes, its segments, and its dynamic section by tag. */
function read(bytes) {
  const word = (at) => Number(bytes.readBigUInt64LE(at))
  const segments = Array.from({ length: bytes.readUInt16LE(0x38) }, (_, index) => {
    const at = word(0x20) + index * 56
    const [offset, address, size, memory] = [8, 16, 32, 40].map((field) => word(at + field))
    return { at, type: bytes.readUInt32LE(at), offset, address, size, memory }
  })
  const dynamic = {}
  let at = segments.find(({ type }) => type === DYNAMIC).offset
  for (; word(at) !== 0; at += 2 * WORD) dynamic[word(at)] = { at: at + WORD, value: word(at + WORD) }
  /** Where in the file an address is. */
  const place = (address) => {
    const holds = ({ type, address: begin, size }) =>
      type === LOAD && address >= begin && address < begin + size
    const segment = segments.find(holds)
    return address - segment.address + segment.offset
  }
  return { bytes, segments, dynamic, place }
}

/** The addresses that a packed list names. */
function unpack({ bytes, dynamic, place }) {
  const addresses = []
  const begin = place(dynamic[RELR].value)
  let next = 0
  for (let at = begin; at < begin + dynamic[RELRSZ].value; at += WORD) {
    const entry = bytes.readBigUInt64LE(at)
    if (entry % 2n === 0n) {
      addresses.push(Number(entry))
      next = Number(entry) + WORD
    } else {
      for (let bit = 1n; bit < 64n; bit += 1n)
        if ((entry >> bit) & 1n) addresses.push(next + (Number(bit) - 1) * WORD)
      next += 63 * WORD
    }
  }
  return addresses
}

/** The unpacked list, followed by what the library had unpacked already. */
function tripleList({ bytes, dynamic, place }, addresses) {
  const list = Buffer.alloc(addresses.length * TRIPLE)
  addresses.forEach((address, index) => {
    list.writeBigUInt64LE(BigInt(address), index * TRIPLE)
    list.writeBigUInt64LE(RELATIVE, index * TRIPLE + WORD)
    bytes.copy(list, index * TRIPLE + 2 * WORD, place(address), place(address) + WORD)
  })
  const old = place(dynamic[RELA].value)
  return Buffer.concat([list, bytes.subarray(old, old + dynamic[RELASZ].value)])
}

/** Unpacks the list of a library for x64, in place. The new list is a segment of its own at the end of the file. */
export function unpackRelocations(file) {
  const library = read(readFileSync(file))
  const { bytes, segments, dynamic } = library
  if (!dynamic[RELR]) return
  const list = tripleList(library, unpack(library))
  const set = (at, value) => bytes.writeBigUInt64LE(BigInt(value), at)
  const offset = wholePages(bytes.length)
  const loaded = segments.filter(({ type }) => type === LOAD)
  const address = wholePages(Math.max(...loaded.map((segment) => segment.address + segment.memory)))
  const { at } = segments.find(({ type }) => type === STACK)
  bytes.writeUInt32LE(LOAD, at)
  bytes.writeUInt32LE(4, at + 4) // to be read, neither written nor run
  for (const [index, value] of [offset, address, address, list.length, list.length, PAGE].entries())
    set(at + WORD + index * WORD, value)
  set(dynamic[RELA].at, address)
  set(dynamic[RELASZ].at, list.length)
  set(dynamic[RELRSZ].at, 0)
  writeFileSync(file, Buffer.concat([bytes, Buffer.alloc(offset - bytes.length), list]))
}
