// modules/cosine/faiss_shim.cc - see faiss_shim.h
#ifdef HAVE_FAISS
#include "cosine/faiss_shim.h"

#include <faiss/IndexFlat.h>
#include <faiss/IndexIVFFlat.h>
#include <faiss/impl/AuxIndexStructures.h>
#include <omp.h>

#include <cstdio>
#include <exception>
#include <memory>

struct FaissIndex {
  faiss::IndexFlatIP centres;
  faiss::IndexIVFFlat lists;
  FaissIndex(size_t dim, size_t n) : centres((int64_t)dim), lists(&centres, dim, n, faiss::METRIC_INNER_PRODUCT) {}
};

// What is thrown becomes a sentence.
template <class F> static int guarded(char text[FAISS_TEXT], F f) {
  try {
    omp_set_num_threads(1);   // of the calling thread
    return f();
  } catch (const std::exception &e) {
    snprintf(text, FAISS_TEXT, "FAISS: %s", e.what());
  } catch (...) {
    snprintf(text, FAISS_TEXT, "FAISS failed");
  }
  return -1;
}

extern "C" {

FaissIndex *faiss_index_new(const float *x, size_t n, const float *sample, size_t train, size_t dim, size_t lists,
                            char text[FAISS_TEXT]) {
  std::unique_ptr<FaissIndex> index;
  int r = guarded(text, [&] {
    index.reset(new FaissIndex(dim, lists));
    index->lists.cp.seed = 1234;
    index->lists.cp.niter = 8;
    index->lists.cp.spherical = true;
    index->lists.cp.min_points_per_centroid = 1;   // fewer are not worth a warning on stderr
    index->lists.train((int64_t)train, sample);
    index->lists.add((int64_t)n, x);
    return 0;
  });
  return r == 0 ? index.release() : nullptr;
}

void faiss_index_free(FaissIndex *index) { delete index; }

int faiss_index_lists(const FaissIndex *index, const float *x, size_t n, size_t probes, int64_t *list, float *near,
                      char text[FAISS_TEXT]) {
  return guarded(text, [&] {
    index->centres.search((int64_t)n, x, (int64_t)probes, near, list);
    return 0;
  });
}

int faiss_index_range(const FaissIndex *index, const float *x, size_t n, size_t probes, const int64_t *list,
                      const float *near, float least, int (*found)(void *ctx, size_t query, int64_t row), void *ctx,
                      char text[FAISS_TEXT]) {
  return guarded(text, [&] {
    faiss::RangeSearchResult result(n);
    faiss::IVFSearchParameters params;
    faiss::IndexIVFStats stats;   // not the library's own, which all threads would write
    params.nprobe = probes;
    index->lists.range_search_preassigned((int64_t)n, x, least, list, near, &result, false, &params, &stats);
    for (size_t q = 0; q < n; q++)
      for (size_t i = result.lims[q]; i < result.lims[q + 1]; i++) {
        int r = found(ctx, q, result.labels[i]);
        if (r != 0) return r;
      }
    return 0;
  });
}

}
#endif
