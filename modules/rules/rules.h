/* modules/rules/rules.h - what rules measure of a text.
**
** A kernel reads one text (leakage: two) and fills in findings: a number, and the bytes that show
** it best. What is too much or too little is not its affair: thresholds come from the stages'
** tables, and rules_op.h holds the findings against them. A kernel computes what is `wanted` and
** may leave the rest absent. All of them are linear in the text (leakage: see leakage.h), read
** any bytes, and keep no state. */
#ifndef TAMIS_RULES_H
#define TAMIS_RULES_H

#include "core/error.h"
#include "core/span.h"

typedef struct Finding {
  double value;        /* NaN: the text has no such figure (too short, nothing to divide by) */
  size_t start, end;   /* bytes of the text that show it; empty: none in particular */
} Finding;

enum { RULES_MAX_MEASURES = 32, RULES_MAX_NUMBERS = 8, RULES_MAX_WORDS = 256 };

typedef struct RuleSetup {
  uint32_t wanted;                       /* bit m: measure m is asked for */
  double number[RULES_MAX_NUMBERS];      /* by the kernel's `numbers` */
  Span word[RULES_MAX_WORDS];            /* [nwords] lower-case ASCII; what for, the kernel says */
  size_t nwords;
} RuleSetup;

typedef struct RuleKernel {
  const char *name;
  const char *const *measures;           /* names, NULL behind the last */
  const char *const *numbers;            /* the same */
  /* Bytes of room, 16-byte aligned, that `run` needs for these texts. */
  size_t (*room)(const RuleSetup *s, Span text, Span against);
  /* Fills out[0..measures), all absent before. against: the other text, which leakage and urls read; ptr NULL if none. */
  void (*run)(const RuleSetup *s, Span text, Span against, void *room, Finding *out);
} RuleKernel;

extern const RuleKernel rules_repetition, rules_quality, rules_leakage, rules_truncated, rules_encoding,
                        rules_markup, rules_content, rules_urls;

const RuleKernel *rules_kernel(Span name);                          /* NULL if there is none */
int rules_measure(const RuleKernel *k, Span name);                  /* its index; -1 if there is none */
int rules_number(const RuleKernel *k, Span name);
/* Runs a kernel with room of its own, for tests and small texts. 0, or -1 if out of memory. */
int rules_run(const RuleKernel *k, const RuleSetup *s, Span text, Span against, Finding out[RULES_MAX_MEASURES]);
void rules_absent(Finding out[RULES_MAX_MEASURES]);                 /* all NaN */

/* ---- what several kernels need ---- */

static inline int rules_wants(const RuleSetup *s, int measure) { return s->wanted >> measure & 1; }
static inline uint64_t rules_mix(uint64_t a, uint64_t b) {
  __uint128_t m = (__uint128_t)(a ^ 0x9E3779B97F4A7C15u) * (b ^ 0xE7037ED1A0B428DBu);
  return (uint64_t)m ^ (uint64_t)(m >> 64);
}
uint64_t rules_hash(Span text);
static inline int rules_blank(char c) { return c == ' ' || (unsigned char)(c - 9) < 5u; }
static inline int rules_letter(char c) { return (unsigned char)((c | 0x20) - 'a') < 26u; }
static inline int rules_digit(char c) { return (unsigned char)(c - '0') < 10u; }
static inline int rules_tail(char c) { return ((unsigned char)c & 0xC0) == 0x80; }    /* no first byte of a character */
static inline char rules_lower(char c) { return (unsigned char)(c - 'A') < 26u ? (char)(c | 0x20) : c; }
size_t rules_points(Span text);                /* code points, of valid UTF-8 */
/* The next line at *at, its blanks at both ends off; *at moves behind its line feed. ptr NULL at the end. */
Span rules_line(Span text, size_t *at);
/* The next run without ASCII white space at *at. ptr NULL at the end. */
Span rules_word(Span text, size_t *at);
/* Where lower-case ASCII `what` begins in text at or behind `from`, ASCII case apart; text.len if nowhere. */
size_t rules_find(Span text, size_t from, Span what);
/* Does text begin so, ASCII case apart? */
int rules_begins(Span text, Span what);

/* A set of hashes of known size; slots are a power of two of at least twice the members. */
typedef struct RuleSet { uint64_t *slot; size_t mask; } RuleSet;
size_t rules_slots(size_t members);
void rules_set(RuleSet *set, void *room, size_t members);
static inline int rules_seen(RuleSet *set, uint64_t key) {   /* adds it; was it there? */
  key += key == 0;
  size_t i = key & set->mask;
  while (set->slot[i] != 0 && set->slot[i] != key) i = (i + 1) & set->mask;
  int seen = set->slot[i] != 0;
  set->slot[i] = key;
  return seen;
}

#endif
