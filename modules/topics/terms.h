/* modules/topics/terms.h - the words that tell a cluster of rows from the others: class-based TF-IDF.
**
** A term is a word or two words side by side. Its score in a cluster is the share of the cluster's rows that hold it,
** times log(1 + (rows / clusters) / (rows that hold it)): a word that stands everywhere scores nothing, whatever the
** language, so no list of stop words is needed. After Grootendorst, "BERTopic: neural topic modeling with a class-based
** TF-IDF procedure", 2022; with rows instead of occurrences, so that one long row names no topic. */
#ifndef TAMIS_TERMS_H
#define TAMIS_TERMS_H

#include "core/pool.h"
#include "corpus/view.h"

enum { TERM_LONGEST = 40 };   /* bytes of a word; longer ones (addresses, codes) are none */

/* The next word at or behind *at of a folded text: letters, digits and underscores, apostrophes inside; or one
** character of a script written without spaces. *joined: nothing but one blank, or between two such characters
** nothing, parts it from the word before. ptr NULL when there is none. */
Span terms_word(Span folded, size_t *at, int *joined);

typedef struct TermsSpec {
  unsigned fields;       /* bits 1 << Field: the text */
  uint32_t top;          /* terms a cluster */
  uint32_t least;        /* rows of the cluster that hold a term */
  double lift;           /* its share of the cluster's rows is so many times that of all other rows; both words too */
  double phrase;         /* two words stand for one of them from this share of its rows on */
} TermsSpec;

typedef struct Term {
  Span text;             /* folded */
  double share, score;   /* share: of the cluster's rows */
} Term;

typedef struct Terms {
  uint32_t k, top;
  uint32_t *n;           /* [k] terms */
  Term *term;            /* [k][top] the highest score first, of equals by bytes */
  char **text;           /* [k] where the texts lie */
} Terms;

/* Rows row[first[c]] .. row[first[c + 1] - 1] are a sample of cluster c, which has size[c] rows. 0; -1 with err worded
** and *out empty (err->text "" when interrupted). */
int terms_make(const View *view, uint32_t k, const uint32_t *row, const uint32_t *first, const uint32_t *size,
               const TermsSpec *spec, Pool *pool, Terms *out, Error *err);
void terms_free(Terms *t);   /* frees and empties */

#endif
