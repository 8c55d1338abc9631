/* modules/embed/lexical.h - vectors of the words of a text: no model, no file, no network. They see which words two
** texts share, weighted by how rare these are, and no paraphrase that shares none.
**
** A text is a bag of hashed features (text/bag.h): words, pairs of neighbours, runs of characters. A feature that
** stands c times weighs kind * (1 + ln c) * (1 + ln((1 + N) / (1 + df))): df of N texts have it, counted in 2^20
** buckets over all texts; kind is the weight of words, of pairs, of characters. From these long vectors to dim
** numbers:
**
**   projection   each feature is added to one of dim places, plus or minus, as its hash says (Weinberger et al.,
**                "Feature hashing for large scale multitask learning", 2009). A cosine is that of the weights,
**                with noise of about 1 / sqrt(dim)
**   svd          latent semantic analysis (Deerwester et al. 1990): the dim strongest directions of a seeded sample
**                of the texts, by svd.h, onto which every text is folded. Words that stand together come together;
**                words that few texts have fall away. Directions come by strength, so the first ones tell most */
#ifndef TAMIS_LEXICAL_H
#define TAMIS_LEXICAL_H

#include "text/bag.h"
#include "vectors/embedder.h"

enum { LEXICAL_BUCKETS = 1 << 20, LEXICAL_MIN_DIM = 8, LEXICAL_MAX_DIM = 2048 };

typedef enum LexicalMethod { LEXICAL_PROJECTION, LEXICAL_SVD } LexicalMethod;

typedef struct LexicalParams {
  LexicalMethod method;
  unsigned features;     /* BAG_WORDS | BAG_BIGRAMS | BAG_CHARS */
  float kind[3];         /* how much a BAG_WORD, a BAG_BIGRAM, a BAG_CHAR counts */
  uint32_t dim;          /* a multiple of 8 */
  /* svd: */
  uint64_t seed;
  uint32_t sample;       /* texts it is fitted on, at most */
  uint32_t terms;        /* buckets it knows, at most: those that most texts of the sample have */
  uint32_t least;        /* texts of the sample that have a bucket, at least */
  int iterations;        /* rounds of the power iteration */
} LexicalParams;

typedef struct Lexical {
  Embedder base;         /* name "lexical" or "lexical svd", meaning 0 */
  LexicalParams p;
  uint64_t texts;        /* N */
  float *idf;            /* [LEXICAL_BUCKETS] */
  /* svd: */
  size_t sampled;        /* texts */
  uint32_t nterms;
  uint32_t *term;        /* [LEXICAL_BUCKETS] place in basis; UINT32_MAX: it has none */
  float *basis;          /* [nterms][dim] */
  double *energy;        /* [dim] share of the sample's squared weights along each direction; descending */
} Lexical;

/* Text i of a source into *text, valid until that worker's next call; any number of times. 0, or -1: out of memory. */
typedef struct LexicalTexts {
  size_t n;
  int (*text)(void *ctx, size_t i, int worker, Span *text);
  void *ctx;
} LexicalTexts;

/* Fits to texts: one walk over all of them for df and, for svd, one over sample[0..nsample), ascending. The result
** is the same for any number of threads. 0; -1 with err worded (err->text "" when interrupted) and *out NULL. The
** caller has the one reference (embedder_unref(&out->base)). */
int lexical_fit(Lexical **out, const LexicalParams *p, LexicalTexts texts, const uint32_t *sample, size_t nsample,
                Pool *pool, Error *err);
/* Fits to rows[0..n) of a view, ascending (NULL: those that stand), in these fields; the sample is those whose place
** (select/select.h) by the seed comes first. */
int lexical_fit_view(Lexical **out, const LexicalParams *p, const View *view, unsigned fields, const uint32_t *rows,
                     size_t n, Pool *pool, Error *err);

#endif
