/* modules/recur/sentences.c - see sentences.h */
#include "recur/sentences.h"

#include <stdlib.h>
#include <xxhash.h>

#include "text/chars.h"
#include "text/fold.h"
#include "text/tokens.h"

/* ---- abbreviations ---- */

static uint64_t word_hash(Span word) {
  char low[ABBREVIATION_BYTES];
  for (size_t i = 0; i < word.len; i++) {
    char c = word.ptr[i];
    low[i] = (unsigned char)(c - 'A') < 26u ? (char)(c | 0x20) : c;
  }
  uint64_t h = XXH3_64bits(low, word.len);
  return h + (h == 0);
}

int abbreviations_init(Abbreviations *a, const Span *word, size_t n) {
  size_t slots = 8;
  while (slots < 2 * n) slots *= 2;
  *a = (Abbreviations){ calloc(slots, sizeof *a->slot), slots - 1 };
  if (a->slot == NULL) return -1;
  for (size_t k = 0; k < n; k++) {
    if (word[k].len == 0 || word[k].len > ABBREVIATION_BYTES) continue;
    uint64_t h = word_hash(word[k]);
    size_t i = h & a->mask;
    while (a->slot[i] != 0 && a->slot[i] != h) i = (i + 1) & a->mask;
    a->slot[i] = h;
  }
  return 0;
}

void abbreviations_free(Abbreviations *a) {
  free(a->slot);
  *a = (Abbreviations){ 0 };
}

static int is_known(const Abbreviations *a, Span word) {
  if (a == NULL || a->slot == NULL || word.len == 0) return 0;
  uint64_t h = word_hash(word);
  size_t i = h & a->mask;
  while (a->slot[i] != 0 && a->slot[i] != h) i = (i + 1) & a->mask;
  return a->slot[i] == h;
}

/* ---- marks ---- */

/* Bytes at which a sentence may end: ASCII marks and line ends, and the first bytes of the others. */
static const uint8_t STOP[256] = {
  ['\n'] = 1, ['\r'] = 1, ['.'] = 1, ['!'] = 1, ['?'] = 1, [0xD6] = 1, [0xD8] = 1, [0xDB] = 1, [0xE0] = 1,
  [0xE1] = 1, [0xE2] = 1, [0xE3] = 1, [0xEF] = 1
};

typedef enum Mark { MARK_NONE, MARK_LINE, MARK_STOP, MARK_POINT, MARK_ELLIPSIS, MARK_BARE } Mark;

static Mark mark_of(uint32_t c) {
  switch (c) {
  case '\n': case '\r': case 0x2028: case 0x2029: return MARK_LINE;
  case '.': return MARK_STOP;
  case '!': case '?': case 0x203C: case 0x2047: case 0x2048: case 0x2049: return MARK_POINT;
  case 0x2026: return MARK_ELLIPSIS;
  case 0x0589: case 0x061F: case 0x06D4: case 0x0964: case 0x0965: case 0x0F0D: case 0x104B: case 0x1362:
  case 0x17D4: case 0x3002: case 0xFF01: case 0xFF0E: case 0xFF1F: case 0xFF61: return MARK_BARE;
  default: return MARK_NONE;
  }
}

static int is_closer(uint32_t c) {
  switch (c) {
  case '"': case '\'': case ')': case ']': case '}': case '*': case '_': case '`': case 0xBB: case 0x2019:
  case 0x201D: case 0x203A: case 0x300D: case 0x300F: case 0x3011: case 0x300B: case 0xFF09: return 1;
  default: return 0;
  }
}

static int is_upper(char c) { return (unsigned char)(c - 'A') < 26u; }
static int is_digit(char c) { return (unsigned char)(c - '0') < 10u; }

/* Does the full stop at `dot` belong to the word before it? */
static int is_part_of_word(const Abbreviations *a, Span text, size_t start, size_t dot) {
  size_t from = dot, digits = 0;
  while (from > start && dot - from <= ABBREVIATION_BYTES) {
    char c = text.ptr[from - 1];
    if (!chars_is_alnum_ascii((unsigned char)c) && c != '.' && !((unsigned char)c & 0x80)) break;
    digits += is_digit(c);
    from--;
  }
  Span word = span_of(text.ptr + from, dot - from);
  if (word.len == 0 || word.len > ABBREVIATION_BYTES) return 0;
  if (digits == word.len) return from == start;
  if (word.len == 1 && is_upper(word.ptr[0]) && word.ptr[0] != 'I') return 1;
  return is_known(a, word);
}

/* Behind the marks and closing quotes at i; *single says whether the first mark stood alone. */
static size_t behind_marks(Span text, size_t i, Mark first, int *single, int *dots) {
  size_t next, marks = 0;
  *dots = first == MARK_STOP || first == MARK_ELLIPSIS;
  while (i < text.len) {
    uint32_t c = chars_decode(text.ptr, text.len, i, &next);
    Mark m = mark_of(c);
    if (m == MARK_NONE || m == MARK_LINE) {
      if (!is_closer(c)) break;
    } else {
      marks++;
      *dots = *dots && (m == MARK_STOP || m == MARK_ELLIPSIS);
    }
    i = next;
  }
  *single = marks == 1;
  return i;
}

static size_t skip_space(Span text, size_t i) {
  for (size_t next; i < text.len && chars_is_space(chars_decode(text.ptr, text.len, i, &next)); i = next) {}
  return i;
}

/* Does the sentence that began at `start` end with the mark at i? Where what it ends with ends is *end. */
static int ends_at(const Abbreviations *a, Span text, size_t start, size_t i, Mark m, size_t *end) {
  int single, dots;
  size_t next;
  *end = behind_marks(text, i, m, &single, &dots);
  if (m == MARK_BARE || *end == text.len) return 1;
  if (!chars_is_space(chars_decode(text.ptr, text.len, *end, &next))) return 0;
  if (m == MARK_STOP && single) return !is_part_of_word(a, text, start, i);
  if (!dots) return 1;
  if (next >= text.len) return 1;
  return (unsigned char)(text.ptr[next] - 'a') >= 26u;   /* "well ... perhaps" goes on */
}

static Sentence sentence_of(Span text, size_t start, size_t end, int ended) {
  while (end > start) {   /* white space before a line's end */
    size_t last = end - 1, next;
    while (last > start && ((unsigned char)text.ptr[last] & 0xC0) == 0x80 && end - last < 4) last--;
    if (!chars_is_space(chars_decode(text.ptr, text.len, last, &next)) || next != end) break;
    end = last;
  }
  return (Sentence){ span_of(text.ptr + start, end - start), ended };
}

Sentence sentence_next(const Abbreviations *a, Span text, size_t *at) {
  const size_t start = skip_space(text, *at);
  size_t i = start, next, end;
  while (i < text.len) {
    while (i < text.len && !STOP[(unsigned char)text.ptr[i]]) i++;
    if (i == text.len) break;
    Mark m = mark_of(chars_decode(text.ptr, text.len, i, &next));
    if (m == MARK_LINE) {
      *at = next;
      return sentence_of(text, start, i, 0);
    }
    if (m == MARK_NONE) {
      i = next;
      continue;
    }
    if (ends_at(a, text, start, i, m, &end)) {
      *at = end;
      return (Sentence){ span_of(text.ptr + start, end - start), 1 };
    }
    i = end;
  }
  *at = text.len;
  if (start == text.len) return (Sentence){ { NULL, 0 }, 0 };
  return sentence_of(text, start, text.len, 0);
}

SentenceKey sentence_key(Span text, char *room) {
  size_t len = fold_text(room, text, FOLD_DROP_PUNCTUATION, NULL);
  XXH128_hash_t h = XXH3_128bits(room, len);
  return (SentenceKey){ h.high64, h.low64, len, tokens_count(span_of(room, len)) };
}
