/* modules/classify/features.c - see features.h */
#include "classify/features.h"

#include "text/chars.h"
#include "text/fold.h"

enum { SPACED = 3,      /* so many single letters in a row are a word spelt out: "a b" is none */
       HIDDEN = 4,      /* stars inside a word at most */
       REPEAT = 3 };    /* the same letter so often in a row is one */

static int is_letter(uint32_t c) { return (c | 0x20) - 'a' < 26u; }
static int is_digit(uint32_t c) { return c - '0' < 10u; }

void words_begin(WordWalk *w, Span text) { *w = (WordWalk){ .text = text, .opens = 1 }; }

static uint32_t byte_at(Span t, size_t i) { return i < t.len ? (unsigned char)t.ptr[i] : 0; }

/* What a digit or sign among letters stands for; else itself. */
static uint32_t look_alike(uint32_t c) {
  switch (c) {
    case '0': return 'o';
    case '1': return 'i';
    case '3': return 'e';
    case '4': case '@': return 'a';
    case '5': case '$': return 's';
    case '7': return 't';
    default: return c;
  }
}

/* Does a sign at i belong to a word? `inside`: behind a character of it. Returns the bytes that it takes, 0: no. */
static size_t sign_in_word(Span t, size_t i, int inside, uint32_t *c) {
  uint32_t sign = byte_at(t, i), next = byte_at(t, i + 1);
  *c = sign;
  if ((sign == '$' || sign == '@') && is_letter(next)) return 1;
  if (!inside) return 0;
  if (sign == '\'' && is_letter(next)) return *c = 0, 1;
  if (sign == 0xE2 && next == 0x80 && byte_at(t, i + 2) == 0x99 && is_letter(byte_at(t, i + 3))) return *c = 0, 3;
  if (sign != '*') return 0;
  size_t n = 1;
  while (n < HIDDEN && byte_at(t, i + n) == '*') n++;
  return is_letter(byte_at(t, i + n)) ? n : 0;
}

/* The bytes of letters spelt out one by one from i on, SPACED or more; else 0. */
static size_t spelt_out(WordWalk *w, size_t i) {
  Span t = w->text;
  size_t n = 0, at = i;
  while (n < FEATURES_WORD && is_letter(byte_at(t, at))) {
    if (chars_is_alnum_ascii(byte_at(t, at + 1)) || byte_at(t, at + 1) >= 0x80) break;   /* a word begins here */
    w->cp[++n] = byte_at(t, at) | 0x20;
    at += 2;
    uint32_t sign = byte_at(t, at - 1);
    if (sign != ' ' && sign != '.' && sign != '-' && sign != '*') break;
  }
  if (n < SPACED) return 0;
  w->n = n;
  return at - 1 - i;
}

static void ends_sentence(WordWalk *w, uint32_t c, size_t behind) {
  if (c == '\n' || c == 0x3002 || c == 0xFF01 || c == 0xFF1F) w->opens = 1;
  if (c != '.' && c != '!' && c != '?') return;
  uint32_t next = byte_at(w->text, behind);
  if (next <= ' ' || next == '"' || next == ')' || next >= 0x80) w->opens = 1;
}

/* To the first character of a word; 0 where there is none. */
static int skip_to_word(WordWalk *w) {
  Span t = w->text;
  while (w->at < t.len) {
    size_t behind;
    uint32_t c = chars_decode(t.ptr, t.len, w->at, &behind), sign;
    if (c < 0x80 ? chars_is_alnum_ascii(c) || c == '_' : chars_in_word(c)) return 1;
    if (sign_in_word(t, w->at, 0, &sign) > 0) return 1;
    ends_sentence(w, c, behind);
    w->at = behind;
  }
  return 0;
}

typedef struct Kinds { int letters, digits, repeats; } Kinds;

/* Takes the characters of one word into cp. */
static Kinds take_word(WordWalk *w) {
  Kinds k = { 0, 0, 0 };
  Span t = w->text;
  uint32_t last = 0;
  while (w->at < t.len && w->n < FEATURES_WORD) {
    size_t behind;
    uint32_t c = chars_decode(t.ptr, t.len, w->at, &behind);
    if (is_letter(c)) c |= 0x20, k.letters++;
    else if (is_digit(c) || c == '_') k.digits++;
    else if (c >= 0x80 && chars_in_word(c)) c = fold_char(c), k.letters++;
    else {
      size_t taken = sign_in_word(t, w->at, w->n > 0, &c);
      if (taken == 0) break;
      behind = w->at + taken;
      k.digits += c == '$' || c == '@';
    }
    w->at = behind;
    if (c == 0) continue;
    k.repeats = c == last ? k.repeats + 1 : 1;
    last = c;
    if (k.repeats == REPEAT && !is_digit(c)) w->n -= REPEAT - 2;   /* two were taken: one stays */
    if (k.repeats < REPEAT || is_digit(c)) w->cp[++w->n] = c;
  }
  return k;
}

int words_step(WordWalk *w) {
  w->opens = w->at == 0;
  if (!skip_to_word(w)) return 0;
  if (w->opens) w->before = 0;
  w->start = w->at;
  w->n = 0;
  size_t spelt = spelt_out(w, w->at);
  if (spelt > 0) {
    w->at += spelt;
  } else {
    Kinds k = take_word(w);
    if (k.digits > 0)
      for (size_t i = 1; i <= w->n; i++)
        w->cp[i] = k.letters > 0 ? look_alike(w->cp[i]) : is_digit(w->cp[i]) ? '0' : w->cp[i];
  }
  w->end = w->at;
  w->cp[0] = w->cp[w->n + 1] = ' ';
  return 1;
}

#define STEP UINT64_C(0x9E3779B97F4A7C15)

static uint64_t mixed(uint64_t h, uint64_t c) {
  h = (h ^ c) * STEP;
  return h ^ h >> 29;
}

size_t features_of(WordWalk *w, const FeatureShape *s, uint32_t bucket[FEATURES_A_WORD]) {
  unsigned shift = 64u - s->bits;
  size_t n = 0, len = w->n + 2;
  for (size_t i = 0; i + s->char_min <= len && s->char_max > 0; i++) {
    uint64_t h = 0;
    size_t most = len - i < s->char_max ? len - i : s->char_max;
    for (size_t k = 0; k < most; k++) {
      h = mixed(h, w->cp[i + k] + 1);
      if (k + 1 >= s->char_min) bucket[n++] = (uint32_t)(h * STEP >> shift);
    }
  }
  uint64_t word = 0x57;
  for (size_t i = 1; i <= w->n; i++) word = mixed(word, w->cp[i]);
  if (s->words > 0) bucket[n++] = (uint32_t)(word * STEP >> shift);
  if (s->words > 1 && w->before != 0) bucket[n++] = (uint32_t)(mixed(w->before, word) * STEP >> shift);
  w->before = word | 1;
  return n;
}
