// Cuts a JSON array into the texts of its elements while it arrives, so that a response of any size needs memory for one message,
// and what came before a broken end is not lost. Judges nothing: an element may still be no JSON.

export interface Element {
  text: string
  /** The element was longer than allowed; `text` is its beginning and its end. */
  oversized: boolean
}

export interface MessageSplitter {
  push(text: string): Element[]
  /** Whether the text so far is a whole array (or a single object). */
  whole(): boolean
  /** Whether it began as neither array nor object. */
  foreign(): boolean
}

/** An event is at most 1 MB (platform event limits); escapes may double it. */
const MAX_ELEMENT = 2_000_000
const KEPT_HEAD = 16_000
const KEPT_TAIL = 16_000

export function createMessageSplitter(maxElement = MAX_ELEMENT): MessageSplitter {
  let stage: 'before' | 'array' | 'object' | 'after' | 'foreign' = 'before'
  let depth = 0
  let inString = false
  let escaped = false
  /** The text of the element so far, without what is in the current push. */
  let held = ''
  let length = 0

  function hold(text: string): void {
    length += text.length
    held += text
    if (length > maxElement && held.length > KEPT_HEAD + KEPT_TAIL)
      held = held.slice(0, KEPT_HEAD) + held.slice(-KEPT_TAIL)
  }

  function take(text: string): Element[] {
    hold(text)
    const element = { text: held.trim(), oversized: length > maxElement }
    held = ''
    length = 0
    return element.text === '' ? [] : [element]
  }

  return {
    push(text) {
      const elements: Element[] = []
      let start = 0
      for (let i = 0; i < text.length; i += 1) {
        const char = text[i]!
        if (inString) {
          if (escaped) escaped = false
          else if (char === '\\') escaped = true
          else if (char === '"') inString = false
          continue
        }
        if (stage === 'before') {
          // A byte order mark counts as white space here.
          if (/\s/.test(char)) continue
          stage = char === '[' ? 'array' : char === '{' ? 'object' : 'foreign'
          start = stage === 'object' ? i : i + 1
          if (stage === 'object') depth = 1
          continue
        }
        if (stage === 'after' || stage === 'foreign') break
        if (char === '"') inString = true
        else if (char === '{' || char === '[') depth += 1
        else if (char === '}' || (char === ']' && depth > 0)) {
          depth = Math.max(0, depth - 1)
          if (stage !== 'object' || depth > 0) continue
          elements.push(...take(text.slice(start, i + 1)))
          stage = 'after'
        } else if (stage === 'array' && depth === 0 && (char === ',' || char === ']')) {
          elements.push(...take(text.slice(start, i)))
          start = i + 1
          if (char === ']') stage = 'after'
        }
      }
      if (stage === 'array' || stage === 'object') hold(text.slice(start))
      return elements
    },
    whole: () => stage === 'after',
    foreign: () => stage === 'foreign',
  }
}
