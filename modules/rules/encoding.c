/* modules/rules/encoding.c - signs that a text went through the wrong encoding, or hides something.
**   mojibake      UTF-8 read as Latin-1 or Windows-1252: a lead byte's character (U+00C2, C3, E2, F0) before
**                 one that stands for a continuation byte
**   replacement   U+FFFD
**   control       C0 and C1 controls but tab, line feed and carriage return; U+007F
**   zero_width    U+200B, U+2060, U+FEFF; joiners U+200C, U+200D but between letters past U+0590, where scripts
**                 need them, and behind emoji
**   mixed_script  words that mix Latin letters with look-alikes of Cyrillic or Greek */
#include "rules/rules.h"
#include "text/chars.h"

enum { MOJIBAKE, REPLACEMENT, CONTROL, ZERO_WIDTH, MIXED };
static const char *const MEASURES[] = { "mojibake", "replacement", "control", "zero_width", "mixed_script", NULL };
static const char *const NUMBERS[] = { NULL };

static size_t room(const RuleSetup *s, Span text, Span against) {
  (void)s, (void)text, (void)against;
  return 0;
}

/* What Windows-1252 shows for a byte 0x80 to 0xBF; Latin-1 shows the control itself. */
static int is_continuation(uint32_t c) {
  if (c - 0x80u < 0x40u) return 1;
  switch (c) {
    case 0x20AC: case 0x201A: case 0x0192: case 0x201E: case 0x2026: case 0x2020: case 0x2021: case 0x02C6: case 0x2030:
    case 0x0160: case 0x2039: case 0x0152: case 0x017D: case 0x2018: case 0x2019: case 0x201C: case 0x201D: case 0x2022:
    case 0x2013: case 0x2014: case 0x02DC: case 0x2122: case 0x0161: case 0x203A: case 0x0153: case 0x017E: case 0x0178:
      return 1;
    default: return 0;
  }
}

/* "Ã©" and "â€™" are; "Ã" at a word's end before a quotation mark is not, since U+00C3 ends no word of a language
** that quotes so, but an upper-case word may: then a lower-case letter must not stand before. */
static int is_mojibake(uint32_t before, uint32_t c, uint32_t next) {
  if (!is_continuation(next)) return 0;
  if (c == 0xC2 || c == 0xC3) return next < 0xC0 && !(before - 'A' < 26u);
  if (c == 0xE2) return next == 0x20AC || next == 0x80 || next == 0x201A;   /* â€™, and â in French stays */
  return c == 0xF0 && (next == 0x0178 || next == 0x9F);                     /* ðŸ: an emoji */
}

static int is_zero_width(uint32_t before, uint32_t c, size_t at) {
  if (c == 0x200B || c == 0x2060) return 1;
  if (c == 0xFEFF) return at > 0;
  return (c == 0x200C || c == 0x200D) && before < 0x590;
}

static int is_latin(uint32_t c) { return rules_letter((char)c) && c < 0x80; }
/* Letters of Greek and Cyrillic that look like Latin ones. */
static int is_lookalike(uint32_t c) {
  static const uint32_t ALIKE[] = { 0x391, 0x392, 0x395, 0x396, 0x397, 0x399, 0x39A, 0x39C, 0x39D, 0x39F, 0x3A1, 0x3A4,
    0x3A5, 0x3A7, 0x3BF, 0x405, 0x406, 0x408, 0x410, 0x412, 0x415, 0x41A, 0x41C, 0x41D, 0x41E, 0x420, 0x421, 0x422,
    0x425, 0x430, 0x435, 0x43E, 0x440, 0x441, 0x443, 0x445, 0x455, 0x456, 0x458 };
  for (size_t i = 0; i < sizeof ALIKE / sizeof *ALIKE; i++)
    if (ALIKE[i] == c) return 1;
  return 0;
}

static void count(Finding *f, size_t start, size_t end) {
  if (f->value++ == 0) f->start = start, f->end = end;
}

typedef struct Word { size_t start, latin, alike; } Word;

static void end_word(Word *w, size_t at, Finding *out) {
  if (w->latin > 1 && w->alike > 0) count(&out[MIXED], w->start, at);   /* one letter may be a variable: "xα" */
  *w = (Word){ at, 0, 0 };
}

static void look_at(Finding *out, uint32_t before, uint32_t c, uint32_t next, size_t at, size_t end, size_t behind) {
  if (is_mojibake(before, c, next)) count(&out[MOJIBAKE], at, behind);
  if (c == 0xFFFD) count(&out[REPLACEMENT], at, end);
  if (c - 0x7Fu < 0x21u && c != 0x85) count(&out[CONTROL], at, end);
  if (is_zero_width(before, c, at)) count(&out[ZERO_WIDTH], at, end);
}

static void run(const RuleSetup *s, Span t, Span against, void *room_, Finding *out) {
  (void)s, (void)against, (void)room_;
  for (int i = MOJIBAKE; i <= MIXED; i++) out[i].value = 0;
  uint32_t before = 0, c;
  Word w = { 0, 0, 0 };
  for (size_t i = 0, end, behind; i < t.len; before = c, i = end) {
    c = chars_decode(t.ptr, t.len, i, &end);
    if (c < 0x20 && c != '\t' && c != '\n' && c != '\r') count(&out[CONTROL], i, end);
    if (c >= 0x7F) {
      behind = end;
      uint32_t next = end < t.len ? chars_decode(t.ptr, t.len, end, &behind) : 0;
      look_at(out, before, c, next, i, end, behind);
    }
    if (is_latin(c)) w.latin++;
    else if (c >= 0x80 && chars_in_word(c)) w.alike += (size_t)is_lookalike(c);
    else end_word(&w, i, out), w.start = end;
  }
  end_word(&w, t.len, out);
}

const RuleKernel rules_encoding = { "encoding", MEASURES, NUMBERS, room, run };
