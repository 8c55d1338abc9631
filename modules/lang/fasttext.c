/* modules/lang/fasttext.c - see fasttext.h */
#include "lang/fasttext.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lang/fasttext_shim.h"

struct FastText {
  void *model;
  size_t nlabels;
  const char **label;        /* [nlabels], into the model's own */
  atomic_size_t refs;
};

static const char PREFIX[] = "__label__";

int fasttext_available(void) { return fasttext_shim_available(); }

/* The whole file, since the library needs it all and a map could shrink under it. */
static char *read_whole(const char *path, size_t *len, Error *err) {
  struct stat st;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  char *bytes = NULL;
  if (fd < 0 || fstat(fd, &st) != 0) {
    error_errno(err, "%s", path);
  } else if (!S_ISREG(st.st_mode)) {
    error_set(err, "%s: no regular file", path);
  } else if ((bytes = malloc((size_t)st.st_size + 1)) == NULL) {
    error_set(err, "%s: not enough memory for a model of %lld bytes", path, (long long)st.st_size);
  } else {
    ssize_t got = 0;
    for (*len = 0; *len < (size_t)st.st_size; *len += (size_t)got) {
      got = read(fd, bytes + *len, (size_t)st.st_size - *len);
      if (got < 0 && errno == EINTR) got = 0;
      else if (got <= 0) break;
    }
    if (got < 0) {
      error_errno(err, "%s", path);
      free(bytes);
      bytes = NULL;
    }
  }
  if (fd >= 0) close(fd);
  return bytes;
}

FastText *fasttext_open(Span bytes, const char *name, Error *err) {
  Error why = { "" };
  if (!fasttext_available()) {
    error_set(err, FASTTEXT_MISSING);
    return NULL;
  }
  if (fasttext_check(bytes, &why) != 0) {
    error_set(err, "%s: %s", name, why.text);
    return NULL;
  }
  FastText *m = calloc(1, sizeof *m);
  if (m == NULL || (m->model = fasttext_shim_open(bytes, why.text, sizeof why.text)) == NULL) {
    error_set(err, "%s: fastText cannot load it: %s", name, m == NULL ? "not enough memory" : why.text);
    free(m);
    return NULL;
  }
  atomic_init(&m->refs, 1);
  m->nlabels = fasttext_shim_labels(m->model);
  if ((m->label = calloc(m->nlabels, sizeof *m->label)) == NULL) {
    error_memory(err);
    fasttext_unref(m);
    return NULL;
  }
  for (size_t i = 0; i < m->nlabels; i++) {
    const char *s = fasttext_shim_label(m->model, i);
    size_t prefix = sizeof PREFIX - 1;
    m->label[i] = strncmp(s, PREFIX, prefix) == 0 && s[prefix] != '\0' ? s + prefix : s;
  }
  return m;
}

FastText *fasttext_load(const char *path, Error *err) {
  if (!fasttext_available()) {
    error_set(err, FASTTEXT_MISSING);
    return NULL;
  }
  size_t len = 0;
  char *bytes = read_whole(path, &len, err);
  if (bytes == NULL) return NULL;
  FastText *m = fasttext_open(span_of(bytes, len), path, err);
  free(bytes);
  return m;
}

FastText *fasttext_ref(FastText *m) {
  atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed);
  return m;
}

void fasttext_unref(FastText *m) {
  if (m == NULL || atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) != 1) return;
  fasttext_shim_close(m->model);
  free(m->label);
  free(m);
}

size_t fasttext_labels(const FastText *m) { return m->nlabels; }

const char *fasttext_label(const FastText *m, size_t i) { return m->label[i]; }

int fasttext_predict(const FastText *m, Span text, size_t k, FastTextGuess *guess) {
  enum { FEW = 16 };
  size_t few_label[FEW], *label = few_label;
  double few_score[FEW], *score = few_score;
  int n = -1;
  if (k > m->nlabels) k = m->nlabels;
  if (k == 0 || text.len == 0) return 0;
  if (k > FEW) {
    label = malloc(k * sizeof *label);
    score = malloc(k * sizeof *score);
  }
  if (label != NULL && score != NULL) n = fasttext_shim_predict(m->model, text, k, label, score);
  for (int i = 0; i < n; i++) {
    guess[i].label = m->label[label[i]];
    guess[i].score = score[i] > 1 ? 1 : score[i] > 0 ? score[i] : 0;
  }
  if (k > FEW) {
    free(label);
    free(score);
  }
  return n;
}
