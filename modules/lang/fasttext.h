/* modules/lang/fasttext.h - a fastText classifier that the user names: a file of languages
** ("lid.176.ftz"), of toxic and other text, of anything with labels. The fastText library tells the
** labels; it trusts its files, so a file is checked here before the library sees a byte of it.
**
**   Error err;
**   FastText *m = fasttext_load("lid.176.ftz", &err);        // NULL: say err.text
**   FastTextGuess g[2];
**   int n = fasttext_predict(m, span_str("Bonjour à tous"), 2, g);   // g[0] { "fr", 0.99 }
**   fasttext_unref(m);
**
** A model does not change once loaded: any number of threads may predict with it at the same time,
** and several owners hold it by fasttext_ref. */
#ifndef TAMIS_FASTTEXT_H
#define TAMIS_FASTTEXT_H

#include "core/error.h"
#include "core/span.h"

typedef struct FastText FastText;

typedef struct FastTextGuess {
  const char *label;         /* without "__label__"; lives as long as the model */
  double score;              /* 0..1: fastText's own may pass 1 by a hair and is cut */
} FastTextGuess;

int fasttext_available(void);          /* whether this build has the library */
/* The error text for a build without it. */
#define FASTTEXT_MISSING "this build has no fastText: install libfasttext-dev and make again"

/* Reads the model in the file, .bin or .ftz. NULL with err worded: no such file, no classifier,
** damaged, too little memory, or a build without the library. */
FastText *fasttext_load(const char *path, Error *err);
/* The same of a file's bytes; name stands in the messages. */
FastText *fasttext_open(Span bytes, const char *name, Error *err);
FastText *fasttext_ref(FastText *m);   /* m, once more */
void fasttext_unref(FastText *m);      /* NULL is left alone; the last one frees */

size_t fasttext_labels(const FastText *m);                  /* how many labels it tells, 1 or more */
const char *fasttext_label(const FastText *m, size_t i);    /* label i, as guesses name it */

/* Writes the most likely labels, at most k, the likeliest first; returns how many: fewer than k only
** where the model has fewer, 0 where the text has nothing that the model can weigh. -1 if out of
** memory. text is UTF-8; a line feed counts as a blank. Time is linear in text.len. */
int fasttext_predict(const FastText *m, Span text, size_t k, FastTextGuess *guess);

/* Whether these are the bytes of a whole classifier: every length declared fits the file to the byte,
** every index lies in its table, every weight is a number. 0, or -1 with err worded. What the format
** cannot show is a weight that damage turned into another number: fastText's files have no checksum. */
int fasttext_check(Span bytes, Error *err);

#endif
