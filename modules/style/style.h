/* modules/style/style.h - how the rows of a view are written, each by itself: the form of a text, its length, how it
** opens; whose it is and when. And what groups of rows have in common. */
#ifndef TAMIS_STYLE_H
#define TAMIS_STYLE_H

#include "corpus/view.h"
#include "style/forms.h"

enum { STYLE_MAX_KEYS = 4 };

typedef struct StyleParams {
  Field field;
  FormRules rules;
  size_t opening;             /* tokens */
  Span by[STYLE_MAX_KEYS];    /* keys (row_key) whose values together name a row's group; of a row that has none of */
  size_t nby;                 /* them its source does */
  Span annotator, time;       /* a key and a path; len 0: nobody asked */
} StyleParams;

typedef struct StyleGroup {
  uint32_t value[STYLE_MAX_KEYS];   /* names ids */
  uint32_t source;                  /* of the corpus; PLACE_NONE where a key has a value */
  uint32_t rows;                    /* with such a text */
} StyleGroup;

/* The standing rows that have the text, ascending. */
typedef struct Style {
  View *view;            /* a reference; NULL when empty */
  Field field;
  size_t words;          /* of an opening */
  uint32_t n;
  uint32_t *row;         /* [n] */
  uint32_t *group;       /* [n] */
  uint8_t *forms;        /* [n] */
  double *tokens;        /* [n] */
  uint64_t *opening;     /* [n] hash; 0: none */
  uint32_t *annotator;   /* [n] names id, NAME_NONE for none; NULL: not asked */
  double *moment;        /* [n] seconds since 1970, NaN for none; NULL: not asked */
  size_t ngroups;
  StyleGroup *item;      /* [ngroups] in order of their first row */
} Style;

/* 0; -1 with err worded (err->text "" when interrupted) and *s empty. Takes a reference of view; the spans of p are
** not kept. Same result for any number of threads. */
int style_measure(Style *s, View *view, const StyleParams *p, Pool *pool, Error *err);
void style_free(Style *s);

/* ---- what some groups have in common: in[g] of [ngroups] says which; NULL: all ---- */

/* Rows that have each form, and those that have none in count[FORMS]. The rows looked at. */
uint32_t style_forms(const Style *s, const uint8_t *in, uint32_t count[FORMS + 1]);

typedef struct Opening { uint64_t hash; uint32_t rows, first; } Opening;   /* first: a place in row[] */
/* Every opening, most rows first, ties by the first row; *out is malloc'ed. 0, or -1 if out of memory. */
int style_openings(const Style *s, const uint8_t *in, Opening **out, size_t *n);

/* The folded text of the opening of the row at a place of row[]. Its bytes; 0 for none, -1 if out of memory. */
long style_opening_text(const Style *s, uint32_t place, char out[OPENING_ROOM]);

/* ---- whose texts, and when ---- */

typedef struct StyleMonth { int32_t month; uint32_t rows; double sum; } StyleMonth;   /* months since 1970-01; tokens */
typedef struct Annotator {
  uint32_t name;         /* names id */
  uint32_t rows, timed;  /* timed: that have a time */
  double sum;            /* tokens */
  double slope, error;   /* of log2(1 + tokens) by least squares a 30 days, and its standard error; NaN where under 3
                         ** rows or one moment tell */
  size_t first, nmonths; /* their places in month[] */
} Annotator;
typedef struct Annotators { size_t n, nmonths; Annotator *item; StyleMonth *month; } Annotators;
/* By name (most rows first, ties by first row); months ascending. 0, or -1 if out of memory. */
int style_annotators(const Style *s, Annotators *out);
void annotators_free(Annotators *a);

#endif
