/* modules/lang/fasttext_check.c - is this file what its header says? The library reads counts and
** sizes and believes them; here every one is held against the bytes that there are. Order and types
** are those of fastText 0.9.2 (args.cc, dictionary.cc, matrix classes), little-endian:
**
**   magic, version | dim ws epoch minCount neg wordNgrams loss model bucket minn maxn rate, t
**   size nwords nlabels ntokens npruned | size x { word \0 count type } | npruned x { ngram, row }
**   quantized? | input matrix | quantized output? | output matrix
**   matrix:           rows cols | floats
**   quantized matrix: norms? rows cols ncodes | codes | quantizer | if norms: codes | quantizer
**   quantizer:        dim parts width last | dim * 256 floats */
#include <limits.h>
#include <math.h>

#include "lang/fasttext.h"
#include "text/chars.h"

enum {
  MAGIC = 793712314, OLDEST = 11, NEWEST = 12,
  LOSS_HS = 1, LOSS_LAST = 4, MODEL_SUPERVISED = 3,
  MAX_DIM = 1 << 16, MAX_NGRAM = 32, MAX_LABEL = 1024,
  CENTROIDS = 256
};
/* The Huffman tree of a hierarchical softmax takes this for "more than any count". */
static const int64_t MAX_COUNT = INT64_C(1000000000000000);
/* Far above any weight that training leaves, and so small that no sum or product of a prediction leaves
** the range of a float: the library looks up its sigmoid in a table by a sum that must be a number. */
static const float MAX_WEIGHT = 1e6f;

typedef struct Cursor {
  Span all;
  size_t at;
  Error *err;
} Cursor;

typedef struct Shape {
  int32_t version, dim, word_ngrams, loss, bucket, maxn, nwords, nlabels;
  int64_t npruned;           /* -1: not pruned */
} Shape;

static size_t left(const Cursor *c) { return c->all.len - c->at; }

static int cut_short(Cursor *c, const char *what) {
  return error_set(c->err, "no whole fastText model: it ends in %s, at byte %zu", what, c->all.len);
}

static int bad(Cursor *c, const char *what, int64_t value) {
  return error_set(c->err, "damaged fastText model: %s is %lld, before byte %zu", what, (long long)value, c->at);
}

static int take(Cursor *c, void *to, size_t n, const char *what) {
  if (left(c) < n) return cut_short(c, what);
  memcpy(to, c->all.ptr + c->at, n);
  c->at += n;
  return 0;
}

static int take32(Cursor *c, int32_t *v, int32_t min, int32_t max, const char *what) {
  if (take(c, v, sizeof *v, what) != 0) return -1;
  return *v < min || *v > max ? bad(c, what, *v) : 0;
}

static int take64(Cursor *c, int64_t *v, int64_t min, int64_t max, const char *what) {
  if (take(c, v, sizeof *v, what) != 0) return -1;
  return *v < min || *v > max ? bad(c, what, *v) : 0;
}

static int take_flag(Cursor *c, int *flag, const char *what) {
  uint8_t v = 0;
  if (take(c, &v, 1, what) != 0) return -1;
  *flag = v;
  return v > 1 ? bad(c, what, v) : 0;
}

static int check_args(Cursor *c, Shape *s) {
  int32_t magic, skip, model, minn;
  double t;
  if (left(c) < 8 || take(c, &magic, 4, "magic") != 0 || magic != MAGIC)
    return error_set(c->err, "no fastText model: it does not begin as one");
  if (take32(c, &s->version, INT_MIN, INT_MAX, "the version") != 0) return -1;
  if (s->version < OLDEST || s->version > NEWEST)
    return error_set(c->err, "a fastText model of format %d; 11 and 12 are known", s->version);
  if (take32(c, &s->dim, 1, MAX_DIM, "the dimension") != 0) return -1;
  for (int i = 0; i < 4; i++)            /* ws, epoch, minCount, neg: of training only */
    if (take32(c, &skip, INT_MIN, INT_MAX, "the settings") != 0) return -1;
  if (take32(c, &s->word_ngrams, 0, MAX_NGRAM, "the length of word n-grams") != 0 ||
      take32(c, &s->loss, 1, LOSS_LAST, "the loss") != 0 || take32(c, &model, 1, 3, "the kind of model") != 0)
    return -1;
  if (model != MODEL_SUPERVISED)
    return error_set(c->err, "a fastText model of word vectors; a classifier is needed");
  if (take32(c, &s->bucket, 0, INT_MAX, "the number of buckets") != 0 ||
      take32(c, &minn, 0, INT_MAX, "the shortest character n-gram") != 0 ||
      take32(c, &s->maxn, 0, MAX_NGRAM, "the longest character n-gram") != 0 ||
      take32(c, &skip, INT_MIN, INT_MAX, "the settings") != 0 || take(c, &t, sizeof t, "the settings") != 0)
    return -1;
  if (s->version == OLDEST) s->maxn = 0;  /* as the library takes it */
  return s->bucket == 0 && (s->maxn > 0 || s->word_ngrams > 1) ? bad(c, "the number of buckets", 0) : 0;
}

/* A word or label, its count and its type. The labels' names go into JSON. */
static int check_entry(Cursor *c, int is_label, int64_t *count) {
  const char *word = c->all.ptr + c->at, *end = memchr(word, '\0', left(c));
  if (end == NULL) return cut_short(c, "a word");
  size_t len = (size_t)(end - word);
  c->at += len + 1;
  if (is_label && (len == 0 || len > MAX_LABEL || !chars_valid(word, len)))
    return error_set(c->err, "damaged fastText model: a label that is no text, before byte %zu", c->at);
  uint8_t type = 0;
  if (take64(c, count, is_label, MAX_COUNT, "a word's count") != 0 || take(c, &type, 1, "a word's type") != 0)
    return -1;
  return type != is_label ? bad(c, "a word's type", type) : 0;
}

/* Labels of a Huffman tree go from the most frequent on: else the tree could be as deep as they are many. */
static int check_words(Cursor *c, const Shape *s) {
  int64_t count, before = MAX_COUNT, sum = 0;
  for (int32_t i = 0; i < s->nwords; i++)
    if (check_entry(c, 0, &count) != 0) return -1;
  for (int32_t i = 0; i < s->nlabels; i++, before = count) {
    if (check_entry(c, 1, &count) != 0) return -1;
    sum += count;
    if (sum > MAX_COUNT || (s->loss == LOSS_HS && count > before)) return bad(c, "a label's count", count);
  }
  return 0;
}

static int check_dictionary(Cursor *c, Shape *s) {
  int32_t size, row, ngram;
  int64_t ntokens;
  if (take32(c, &size, 1, INT_MAX, "the number of words and labels") != 0 ||
      take32(c, &s->nwords, 0, size - 1, "the number of words") != 0 ||
      take32(c, &s->nlabels, 1, size, "the number of labels") != 0 ||
      take64(c, &ntokens, 0, INT64_MAX, "the number of tokens") != 0 ||
      take64(c, &s->npruned, -1, INT_MAX, "the number of n-grams kept") != 0)
    return -1;
  if (s->nlabels != size - s->nwords) return bad(c, "the number of labels", s->nlabels);
  if (check_words(c, s) != 0) return -1;
  for (int64_t i = 0; i < s->npruned; i++)
    if (take32(c, &ngram, 0, s->bucket - 1, "an n-gram") != 0 ||
        take32(c, &row, 0, (int32_t)s->npruned - 1, "an n-gram's row") != 0)
      return -1;
  return 0;
}

static int check_floats(Cursor *c, uint64_t n, const char *what) {
  if (n > left(c) / sizeof(float)) return cut_short(c, what);
  for (uint64_t i = 0; i < n; i++) {
    float v;
    memcpy(&v, c->all.ptr + c->at, sizeof v);
    c->at += sizeof v;
    if (!(fabsf(v) <= MAX_WEIGHT))
      return error_set(c->err, "damaged fastText model: a weight of %g, before byte %zu", (double)v, c->at);
  }
  return 0;
}

static int skip_bytes(Cursor *c, uint64_t n, const char *what) {
  if (n > left(c)) return cut_short(c, what);
  c->at += n;
  return 0;
}

static int check_quantizer(Cursor *c, int32_t dim, int32_t *parts) {
  int32_t own, width, last;
  if (take32(c, &own, dim, dim, "a quantizer's dimension") != 0 || take32(c, parts, 1, dim, "its parts") != 0 ||
      take32(c, &width, 1, dim, "its width") != 0 || take32(c, &last, 1, width, "its last width") != 0)
    return -1;
  if ((int64_t)(*parts - 1) * width + last != dim) return bad(c, "a quantizer's width", width);
  return check_floats(c, (uint64_t)dim * CENTROIDS, "a quantizer");
}

static int check_matrix(Cursor *c, const Shape *s, int quantized, int64_t least, int64_t most) {
  int norms = 0;
  int64_t rows, cols;
  int32_t ncodes, parts;
  if ((quantized && take_flag(c, &norms, "a flag") != 0) || take64(c, &rows, least, most, "a matrix's rows") != 0 ||
      take64(c, &cols, s->dim, s->dim, "a matrix's columns") != 0)
    return -1;
  if (!quantized) return check_floats(c, (uint64_t)rows * (uint64_t)cols, "a matrix");
  if (take32(c, &ncodes, 0, INT_MAX, "the number of codes") != 0 ||
      skip_bytes(c, (uint64_t)ncodes, "a matrix's codes") != 0 || check_quantizer(c, s->dim, &parts) != 0)
    return -1;
  if (rows * parts != ncodes) return bad(c, "the number of codes", ncodes);
  if (!norms) return 0;
  return skip_bytes(c, (uint64_t)rows, "a matrix's norms") != 0 ? -1 : check_quantizer(c, 1, &parts);
}

int fasttext_check(Span bytes, Error *err) {
  Cursor c = { .all = bytes, .err = err };
  Shape s = { 0 };
  int quantized, output;
  if (check_args(&c, &s) != 0 || check_dictionary(&c, &s) != 0 || take_flag(&c, &quantized, "a flag") != 0) return -1;
  if (!quantized && s.npruned >= 0)
    return error_set(err, "damaged fastText model: pruned, but not quantized, before byte %zu", c.at);
  int hashed = s.maxn > 0 || s.word_ngrams > 1;
  int64_t ngrams = s.npruned >= 0 ? s.npruned : hashed ? s.bucket : 0;
  if (check_matrix(&c, &s, quantized, s.nwords + ngrams, INT_MAX) != 0 || take_flag(&c, &output, "a flag") != 0 ||
      check_matrix(&c, &s, quantized && output, s.nlabels, s.nlabels) != 0)
    return -1;
  if (left(&c) != 0) return error_set(err, "damaged fastText model: %zu bytes too many behind its end", left(&c));
  return 0;
}
