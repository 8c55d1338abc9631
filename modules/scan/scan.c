/* modules/scan/scan.c - see scan.h */
#include "scan/scan.h"

#include <stdio.h>
#include <stdlib.h>

#include "corpus/list.h"
#include "scan/checks.h"
#include "scan/context.h"
#include "scan/gate.h"

#ifdef HAVE_PCRE2
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#else
typedef void pcre2_code, pcre2_match_data, pcre2_match_context, pcre2_jit_stack;
#endif
#ifdef __SSE2__
#include <emmintrin.h>
#endif

typedef struct Rule {
  uint32_t type;
  unsigned digits;
  unsigned char need, unicode;
  int gate;               /* number of the gate's pattern that stands before it; -1: none */
  uint32_t next;          /* the next rule behind that pattern, or of those behind none; NO_RULE */
  ScanCheck check;
  unsigned within;
  char *context;          /* owned; NULL: none */
  double entropy;
  pcre2_code *code;
} Rule;

#define NO_RULE UINT32_MAX

struct Scanner {
  int flags;
  size_t n;
  Rule *rule;             /* [n] */
  size_t ntypes;
  char **type;            /* [ntypes] owned */
  unsigned most_digits;   /* no rule asks for more */
  int jit;
  ScanGate *gate;         /* a reference of its own */
  uint32_t npatterns, *behind;   /* [npatterns] the first rule behind a pattern of the gate; NO_RULE: of others */
  uint32_t ungated;       /* the first rule behind none */
};

struct ScanImpl {
  uint64_t *want;         /* [rules / 64 + 1] a bit a rule: this text may hold a match */
  size_t nkept, cap_kept;
  ScanMatch *kept;        /* matches of earlier rules, while those of one more are merged in */
  pcre2_match_data *data;
  pcre2_match_context *context;
  pcre2_jit_stack *stack;
  GateState *gate;        /* NULL: the gate is open */
};

size_t scanner_types(const Scanner *s) { return s->ntypes; }
const void *scanner_shared(const Scanner *s) { return gate_scanners(s->gate) > 1 ? s->gate : NULL; }
const char *scanner_type(const Scanner *s, size_t type) { return s->type[type]; }

int scanner_gated(const Scanner *s) {
  int n = 0;
  for (size_t i = 0; gate_closed(s->gate) && i < s->n; i++) n += s->rule[i].gate >= 0;
  return n;
}

Scanner *scanner_new(const ScanRule *rules, size_t n, int flags, Error *err) {
  ScanGate *gate = gate_new();
  if (gate == NULL) {
    error_memory(err);
    return NULL;
  }
  Scanner *s = scanner_new_behind(gate, rules, n, flags, err);
  if (s != NULL && gate_compile(gate) != 0) {
    scanner_free(s);
    error_memory(err);
    s = NULL;
  }
  gate_unref(gate);
  return s;
}

int scanner_find(const Scanner *s, ScanState *st, Span text) {
  return scanner_find_seen(s, st, text, &(ScanSeen){ .n = -1 });
}

#ifndef HAVE_PCRE2

Scanner *scanner_new_behind(ScanGate *gate, const ScanRule *rules, size_t n, int flags, Error *err) {
  (void)gate, (void)rules, (void)n, (void)flags;
  error_set(err, "needs PCRE2: install libpcre2-dev and build Tamis again");
  return NULL;
}
void scanner_free(Scanner *s) { (void)s; }
ScanState *scan_state_new(const Scanner *s) { (void)s; return NULL; }
void scan_state_free(ScanState *st) { (void)st; }
int scanner_find_seen(const Scanner *s, ScanState *st, Span text, ScanSeen *seen) {
  (void)s, (void)st, (void)text, (void)seen;
  return -1;
}

#else

/* ---- making ---- */

void scanner_free(Scanner *s) {
  if (s == NULL) return;
  gate_unref(s->gate);
  for (size_t i = 0; i < s->n; i++) {
    pcre2_code_free(s->rule[i].code);
    free(s->rule[i].context);
  }
  for (size_t i = 0; i < s->ntypes; i++) free(s->type[i]);
  free(s->type);
  free(s->rule);
  free(s->behind);
  free(s);
}

/* The number of a type's name, made when new; -1 if out of memory. */
static int64_t type_number(Scanner *s, Span name) {
  for (size_t i = 0; i < s->ntypes; i++)
    if (span_eq(span_str(s->type[i]), name)) return (int64_t)i;
  char *copy = strndup(name.ptr, name.len);
  if (copy == NULL) return -1;
  s->type[s->ntypes] = copy;
  return (int64_t)s->ntypes++;
}

static int compile_rule(Scanner *s, Rule *r, const ScanRule *from, Error *err) {
  int code;
  PCRE2_SIZE at;
  uint32_t options = PCRE2_NEVER_BACKSLASH_C | (from->unicode ? PCRE2_UTF | PCRE2_MATCH_INVALID_UTF : PCRE2_NEVER_UTF);
  r->code = pcre2_compile((PCRE2_SPTR)from->pattern.ptr, from->pattern.len, options, &code, &at, NULL);
  if (r->code == NULL) {
    PCRE2_UCHAR words[160];
    pcre2_get_error_message(code, words, sizeof words);
    size_t cut = at < from->pattern.len ? at : from->pattern.len;
    return error_set(err, "pattern of %.*s: %s, at offset %zu: %.*s <-- here", (int)from->type.len,
                     from->type.ptr, (const char *)words, (size_t)at, (int)cut, from->pattern.ptr);
  }
  uint32_t empty = 0;
  pcre2_pattern_info(r->code, PCRE2_INFO_MATCHEMPTY, &empty);
  if (empty)
    return error_set(err, "pattern of %.*s matches the empty text: %.*s", (int)from->type.len,
                     from->type.ptr, (int)from->pattern.len, from->pattern.ptr);
  if (s->jit && pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE) != 0) s->jit = 0;
  return 0;
}

static int unknown_check(const ScanRule *from, Error *err) {
  char known[320] = "";
  size_t used = 0;
  const char *name;
  for (size_t i = 0; (name = scan_check_name(i)) != NULL && used < sizeof known; i++)
    used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i > 0 ? ", " : "", name);
  return error_set(err, "check \"%.*s\" of %.*s is unknown; there are %s", (int)from->check.len, from->check.ptr,
                   (int)from->type.len, from->type.ptr, known);
}

static int add_rule(Scanner *s, const ScanRule *from, Error *err) {
  Rule *r = &s->rule[s->n++];
  int64_t type = type_number(s, from->type);
  if (type < 0) return error_memory(err);
  *r = (Rule){ .type = (uint32_t)type, .digits = from->digits, .need = from->need, .unicode = from->unicode,
               .within = from->within, .entropy = from->entropy, .gate = -1 };
  if (from->context.ptr != NULL && (r->context = strndup(from->context.ptr, from->context.len)) == NULL)
    return error_memory(err);
  if (r->digits > s->most_digits) s->most_digits = r->digits;
  if (from->check.ptr != NULL && (r->check = scan_check(from->check)) == NULL)
    return unknown_check(from, err);
  if (!(s->flags & SCAN_UNGATED))
    r->gate = gate_add(s->gate, from->gate.ptr != NULL ? from->gate : from->pattern, from->unicode);
  return compile_rule(s, r, from, err);
}

/* Lists the rules by the patterns that stand before them. */
static int line_up(Scanner *s) {
  s->npatterns = (uint32_t)gate_patterns(s->gate);
  s->ungated = NO_RULE;
  s->behind = malloc((s->npatterns + 1) * sizeof *s->behind);
  if (s->behind == NULL) return -1;
  for (uint32_t i = 0; i < s->npatterns; i++) s->behind[i] = NO_RULE;
  for (uint32_t i = 0; i < s->n; i++) {
    Rule *r = &s->rule[i];
    uint32_t *list = r->gate >= 0 ? &s->behind[r->gate] : &s->ungated;
    r->next = *list;
    *list = i;
  }
  return 0;
}

Scanner *scanner_new_behind(ScanGate *gate, const ScanRule *rules, size_t n, int flags, Error *err) {
  Scanner *s = calloc(1, sizeof *s);
  if (s == NULL) goto memory;
  s->gate = gate_enter(gate);
  uint32_t jit = 0;
  pcre2_config(PCRE2_CONFIG_JIT, &jit);
  s->jit = jit != 0;
  s->flags = flags;
  s->rule = calloc(n + 1, sizeof *s->rule);
  s->type = calloc(n + 1, sizeof *s->type);
  if (s->rule == NULL || s->type == NULL) goto memory;
  for (size_t i = 0; i < n; i++) {
    if (add_rule(s, &rules[i], err) == 0) continue;
    scanner_free(s);
    return NULL;
  }
  if (line_up(s) == 0) return s;
memory:
  scanner_free(s);
  error_memory(err);
  return NULL;
}

void scan_state_free(ScanState *st) {
  if (st == NULL) return;
  struct ScanImpl *m = st->impl;
  if (m != NULL) {
    gate_state_free(m->gate);
    pcre2_match_data_free(m->data);
    pcre2_match_context_free(m->context);
    pcre2_jit_stack_free(m->stack);
    free(m->want);
    free(m->kept);
    free(m);
  }
  free(st->match);
  free(st);
}

enum { JIT_STACK_MIN = 32 * 1024, JIT_STACK_MAX = 1024 * 1024, HEAP_LIMIT_KIB = 20 * 1024 };

static int fill_impl(struct ScanImpl *m, const Scanner *s) {
  m->want = malloc((s->n / 64 + 1) * sizeof *m->want);
  m->data = pcre2_match_data_create(1, NULL);
  m->context = pcre2_match_context_create(NULL);
  if (m->want == NULL || m->data == NULL || m->context == NULL) return -1;
  pcre2_set_heap_limit(m->context, HEAP_LIMIT_KIB);
  if (s->jit) {
    m->stack = pcre2_jit_stack_create(JIT_STACK_MIN, JIT_STACK_MAX, NULL);
    if (m->stack == NULL) return -1;
    pcre2_jit_stack_assign(m->context, NULL, m->stack);
  }
  return gate_closed(s->gate) && (m->gate = gate_state_new(s->gate)) == NULL ? -1 : 0;
}

ScanState *scan_state_new(const Scanner *s) {
  ScanState *st = calloc(1, sizeof *st);
  if (st == NULL) return NULL;
  st->limited = -1;
  st->impl = calloc(1, sizeof *st->impl);
  if (st->impl != NULL && fill_impl(st->impl, s) == 0) return st;
  scan_state_free(st);
  return NULL;
}

/* ---- searching ---- */

/* ASCII digits of text; may stop at `enough`. */
static size_t count_digits(Span text, size_t enough) {
  size_t n = 0, i = 0;
#ifdef __SSE2__
  while (i + 16 <= text.len && n < enough) {
    size_t stop = text.len - i > 16 * 255 ? i + 16 * 255 : text.len;   /* before a byte counter is full */
    __m128i sum = _mm_setzero_si128();
    for (; i + 16 <= stop; i += 16) {
      __m128i v = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)(text.ptr + i)), _mm_set1_epi8('0'));
      sum = _mm_sub_epi8(sum, _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(9)), v));
    }
    __m128i halves = _mm_sad_epu8(sum, _mm_setzero_si128());
    n += (size_t)_mm_cvtsi128_si32(halves) + (size_t)_mm_cvtsi128_si32(_mm_srli_si128(halves, 8));
  }
#endif
  for (; i < text.len && n < enough; i++) n += (unsigned char)(text.ptr[i] - '0') < 10;
  return n;
}

/* What is cheap to know of a text, learnt when a rule asks. */
typedef struct Coarse {
  Span text;
  size_t digits;          /* UNKNOWN: not counted yet */
  uint64_t known[4], has[4];   /* a bit a byte: looked for; present */
} Coarse;

#define UNKNOWN SIZE_MAX

static int has_byte(Coarse *c, unsigned char byte) {
  uint64_t bit = (uint64_t)1 << byte % 64;
  int at = byte / 64;
  if ((c->known[at] & bit) == 0) {
    c->known[at] |= bit;
    if (memchr(c->text.ptr, byte, c->text.len) != NULL) c->has[at] |= bit;
  }
  return (c->has[at] & bit) != 0;
}

/* Has the text the digits and the byte that a match of the rule needs? */
static int may_match(const Scanner *s, Coarse *c, const Rule *r) {
  if (r->digits > 0) {
    if (c->digits == UNKNOWN) c->digits = count_digits(c->text, s->most_digits);
    if (c->digits < r->digits) return 0;
  }
  return r->need == 0 || has_byte(c, r->need);
}

static int want(const Scanner *s, struct ScanImpl *m, Coarse *c, uint32_t rule) {
  int may = may_match(s, c, &s->rule[rule]);
  if (may) m->want[rule / 64] |= (uint64_t)1 << rule % 64;
  return may;
}

static int want_list(const Scanner *s, struct ScanImpl *m, Coarse *c, uint32_t first) {
  int n = 0;
  for (uint32_t i = first; i != NO_RULE; i = s->rule[i].next) n += want(s, m, c, i);
  return n;
}

static int calls_for_gate(const Scanner *s, Coarse *c) {
  for (size_t i = 0; i < s->n; i++)
    if (s->rule[i].gate >= 0 && may_match(s, c, &s->rule[i])) return 1;
  return 0;
}

/* Fills `want` with the rules that may match: those behind what the gate saw, which is asked where nobody
** has and some rule calls for it. How many. */
static int sieve(const Scanner *s, struct ScanImpl *m, Coarse *c, ScanSeen *seen) {
  int n = 0;
  memset(m->want, 0, (s->n / 64 + 1) * sizeof *m->want);
  if (m->gate != NULL && seen->n < 0) {
    if (!calls_for_gate(s, c)) return want_list(s, m, c, s->ungated);
    seen->n = gate_ask(s->gate, m->gate, c->text, &seen->pattern);
  }
  if (m->gate == NULL || seen->n < 0) {
    for (uint32_t i = 0; i < s->n; i++) n += want(s, m, c, i);
    return n;
  }
  for (int64_t i = 0; i < seen->n; i++)
    if (seen->pattern[i] < s->npatterns) n += want_list(s, m, c, s->behind[seen->pattern[i]]);
  return n + want_list(s, m, c, s->ungated);
}

static int push(ScanState *st, ScanMatch match) {
  ScanMatch *m = LIST_PUSH(st->match, st->n, st->cap);
  if (m == NULL) return -1;
  *m = match;
  return 0;
}

/* The next match at or behind `at`, its bytes in start and end. 1; 0 if there is none; negative
** if the search was given up. */
static int search(const Scanner *s, struct ScanImpl *m, const Rule *r, Span text, size_t at, size_t *start, size_t *end) {
  PCRE2_SPTR subject = (PCRE2_SPTR)text.ptr;
  int rc = s->jit ? pcre2_jit_match(r->code, subject, text.len, at, PCRE2_NOTEMPTY, m->data, m->context)
                  : pcre2_match(r->code, subject, text.len, at, PCRE2_NOTEMPTY, m->data, m->context);
  if (rc == PCRE2_ERROR_NOMATCH) return 0;
  if (rc < 0) return rc;
  const PCRE2_SIZE *place = pcre2_get_ovector_pointer(m->data);
  *start = place[0];
  *end = place[1];
  return 1;
}

static size_t next_character(Span text, size_t at) {
  do at++;
  while (at < text.len && ((unsigned char)text.ptr[at] & 0xC0) == 0x80);
  return at;
}

/* Whether what the pattern matched is one: by its check, which may narrow it, then by what that leaves. */
static int holds(const Rule *r, ScanCandidate *c) {
  enum { NANO = 1000000000 };             /* an entropy that rounding puts beside its floor is on it */
  if (c->end <= c->start || (r->check != NULL && !r->check(c))) return 0;
  if (r->entropy > 0 && context_entropy(span_of(c->text.ptr + c->start, c->end - c->start)) + 1.0 / NANO < r->entropy)
    return 0;
  return r->context == NULL || context_holds(c->text, c->start, c->end, span_str(r->context), r->within);
}

/* Adds all matches of a rule, by place and without overlap among themselves. */
static int find_rule(const Scanner *s, ScanState *st, uint32_t index, Span text) {
  const Rule *r = &s->rule[index];
  for (size_t at = 0; at < text.len;) {
    ScanCandidate c = { text, 0, 0, s->flags & SCAN_STRICT };
    int rc = search(s, st->impl, r, text, at, &c.start, &c.end);
    if (rc == 0) break;
    if (rc < 0) {
      if (st->limited < 0) st->limited = r->type;
      break;
    }
    if (!holds(r, &c)) {
      at = next_character(text, c.start > at ? c.start : at);
      continue;
    }
    if (push(st, (ScanMatch){ index, r->type, c.start, c.end }) != 0) return -1;
    at = c.end > at ? c.end : next_character(text, at);
  }
  return 0;
}

/* Merges the matches behind `old` into those before it, which win where two overlap. */
static int merge(ScanState *st, size_t old) {
  struct ScanImpl *m = st->impl;
  if (old == 0 || old == st->n) return 0;
  m->nkept = 0;
  size_t a = 0, b = old;
  while (a < old || b < st->n) {
    const ScanMatch *x = a < old ? &st->match[a] : NULL, *y = b < st->n ? &st->match[b] : NULL;
    const ScanMatch *next = x;
    if (x == NULL || (y != NULL && y->end <= x->start)) {
      next = y;
      b++;
    } else if (y != NULL && y->start < x->end) {
      b++;
      continue;
    } else {
      a++;
    }
    ScanMatch *slot = LIST_PUSH(m->kept, m->nkept, m->cap_kept);
    if (slot == NULL) return -1;
    *slot = *next;
  }
  if (m->nkept > 0) memcpy(st->match, m->kept, m->nkept * sizeof *m->kept);
  st->n = m->nkept;
  return 0;
}

/* Steps a search may take from one starting place: fewer in a longer text, so that the whole of a
** text costs a bounded time. */
static uint32_t step_limit(size_t len) {
  enum { STEPS = 200000000, MOST = 100000, LEAST = 2000 };
  size_t limit = STEPS / (len + 1);
  return limit > MOST ? MOST : limit < LEAST ? LEAST : (uint32_t)limit;
}

int scanner_find_seen(const Scanner *s, ScanState *st, Span text, ScanSeen *seen) {
  Coarse c = { .text = text, .digits = UNKNOWN };
  st->n = 0;
  st->limited = -1;
  if (text.len == 0 || sieve(s, st->impl, &c, seen) == 0 || (s->flags & SCAN_BARE)) return 0;
  pcre2_set_match_limit(st->impl->context, step_limit(text.len));
  for (uint32_t i = 0; i < s->n; i++) {
    if ((st->impl->want[i / 64] >> i % 64 & 1) == 0) continue;
    size_t old = st->n;
    if (find_rule(s, st, i, text) != 0 || merge(st, old) != 0) return -1;
  }
  return 0;
}

#endif
