/* modules/cosine/faiss_shim.h - what of FAISS is used, in C: inverted lists by spherical k-means, searched by range
** (Douze et al., "The Faiss library", 2024). One OpenMP thread, a fixed seed: the same lists each time. Exceptions end
** here: a call that fails returns -1 and words text. */
#ifndef TAMIS_FAISS_SHIM_H
#define TAMIS_FAISS_SHIM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { FAISS_TEXT = 256 };

typedef struct FaissIndex FaissIndex;

/* An index of x[n][dim], rows of length 1, in `lists` lists, trained on x[train][dim]; copies x. NULL: see text. */
FaissIndex *faiss_index_new(const float *x, size_t n, const float *sample, size_t train, size_t dim, size_t lists,
                            char text[FAISS_TEXT]);
void faiss_index_free(FaissIndex *index);   /* NULL is left alone */
/* The `probes` lists nearest to each of x[n][dim]: list[n][probes] and their products near[n][probes]. One thread. */
int faiss_index_lists(const FaissIndex *index, const float *x, size_t n, size_t probes, int64_t *list, float *near,
                      char text[FAISS_TEXT]);
/* Rows of those lists whose product with each of x[n][dim] is above `least`: found(ctx, query, row, product), which
** returns 0 to go on. Any thread. 0, -1, or what found returned. */
int faiss_index_range(const FaissIndex *index, const float *x, size_t n, size_t probes, const int64_t *list,
                      const float *near, float least, int (*found)(void *ctx, size_t query, int64_t row), void *ctx,
                      char text[FAISS_TEXT]);

#ifdef __cplusplus
}
#endif

#endif
