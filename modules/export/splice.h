/* modules/export/splice.h - a JSON object written again, with pieces of its bytes replaced, members
** left out and members put in; every byte that nobody names stays as it is.
**
**   {"a": 1, "input": "old", "x": []}      replace "old", drop x, add "m"
**   {"a": 1, "input": "new","m":{…}} */
#ifndef TAMIS_SPLICE_H
#define TAMIS_SPLICE_H

#include "core/buf.h"
#include "corpus/json.h"

typedef struct Splice {
  uint32_t at, cut;      /* bytes [at, at + cut) of the text go … */
  Span text;             /* … and this comes in their place */
  int encode;            /* text is no JSON yet: it is written as a string */
} Splice;

/* A member to put in: its key, as text, and its value, as JSON. */
typedef struct Member { Span key, value; } Member;

/* Appends base[from, to) with the splices (in order of place) that lie in it. 0 or -1. */
int splice_range(Buf *out, Span base, size_t from, size_t to, const Splice *s, size_t n);

typedef struct Rewrite {
  Span base;             /* a valid object, white space around it */
  const Splice *splice;
  size_t nsplices;
  /* Does the member stay? NULL: all do. */
  int (*keep)(const void *ctx, const JsonMember *m);
  const void *ctx;
  Span head;             /* members that stand first, as JSON without braces; len 0: none */
  const Member *add;     /* [nadd] members that come last */
  size_t nadd;
  /* Members to put into the object of this key, or to replace there; made if it is not there. */
  Span into;             /* len 0: none */
  const Member *put;     /* [nput]; value.ptr NULL: null, unless the object has the key already */
  size_t nput;
} Rewrite;

/* Appends the object. 0; -1 if out of memory; 1 if the value at `into` is no object. */
int splice_rewrite(Buf *out, const Rewrite *w);

#endif
