/* modules/scan/scan.h - many patterns over one text: where does which of them stand?
**
** Three sieves, the coarse ones first. A text without the digits or the byte that a rule needs is
** out at memory speed. Vectorscan, where the build has it, runs all patterns at once and says
** which may match. PCRE2's JIT then locates the matches of those few, and a rule's check (Luhn,
** SSN areas …) judges each. Rules come as data; names of checks are in checks.h.
**
** No pattern can hang: a search has a limit on its steps that shrinks with the text's length.
** A rule that meets it is told apart from one that found nothing (ScanState.limited). */
#ifndef TAMIS_SCAN_H
#define TAMIS_SCAN_H

#include "core/error.h"
#include "core/span.h"
#include "scan/gate.h"

typedef struct ScanRule {
  Span type;         /* "EMAIL"; several rules may share one */
  Span pattern;      /* PCRE2 */
  Span gate;         /* a plainer pattern that stands in every text where `pattern` does; ptr NULL: none */
  Span check;        /* name of a check of checks.h; ptr NULL: none */
  unsigned digits;   /* ASCII digits that a match has at least */
  unsigned char need;  /* a byte that every match holds; 0: none */
  unsigned char unicode;   /* the pattern is about characters (UTF); else about bytes, and faster */
  unsigned within;   /* how many words around a match `context` is looked for in */
  Span context;      /* words that a match needs beside it (context.h); ptr NULL: none */
  double entropy;    /* least Shannon entropy of a match, bits a byte; 0: any */
} ScanRule;

typedef struct ScanMatch {
  uint32_t rule, type;
  size_t start, end;   /* bytes of the text */
} ScanMatch;

typedef struct Scanner Scanner;       /* compiled rules: read-only, shared by threads */
typedef struct ScanState {            /* what one thread needs to search; results of the last search */
  size_t n, cap;
  ScanMatch *match;    /* [n] by place, none overlapping: of two, the earlier rule's stands */
  int64_t limited;     /* type of the first rule whose search met the limit; -1: none */
  struct ScanImpl *impl;
} ScanState;

enum {
  SCAN_STRICT = 1,    /* checks accept documentation addresses, example.com and their like */
  SCAN_UNGATED = 2,   /* PCRE2 alone, as in a build without Vectorscan: same matches, slower */
  SCAN_BARE = 4       /* the sieves alone, no match is located: what the rest is measured against */
};

/* NULL with err worded: a bad pattern, with where it is bad; an unknown check; no PCRE2 in this
** build; out of memory. Rules are copied. */
Scanner *scanner_new(const ScanRule *rules, size_t n, int flags, Error *err);
/* The same behind a gate that other scanners stand behind, too: the caller compiles it once all are made
** (gate.h). The scanner keeps a reference of its own. */
Scanner *scanner_new_behind(ScanGate *gate, const ScanRule *rules, size_t n, int flags, Error *err);
size_t scanner_types(const Scanner *s);                  /* in order of their first rules */
const char *scanner_type(const Scanner *s, size_t type); /* its name */
int scanner_gated(const Scanner *s);                     /* rules that Vectorscan stands before */
/* What scanners behind one gate know each other by; NULL if this one stands alone. */
const void *scanner_shared(const Scanner *s);
void scanner_free(Scanner *s);                           /* after its states; NULL is left alone */

ScanState *scan_state_new(const Scanner *s);             /* NULL if out of memory */
void scan_state_free(ScanState *st);                     /* NULL is left alone */

/* Searches text, valid UTF-8, into st. 0, or -1 if out of memory. */
int scanner_find(const Scanner *s, ScanState *st, Span text);

/* What the gate saw in a text: the same for all scanners behind it. */
typedef struct ScanSeen {
  int64_t n;                  /* -1: it was not asked */
  const uint32_t *pattern;    /* [n] numbers of its patterns */
} ScanSeen;
/* The same, with what was seen in this very text before; where nobody had asked and the rules call for it,
** the gate is asked, and *seen holds the answer, valid until st's next search. */
int scanner_find_seen(const Scanner *s, ScanState *st, Span text, ScanSeen *seen);

#endif
