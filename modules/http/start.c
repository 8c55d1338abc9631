/* modules/http/start.c - libcurl starts once a process, with memory that is wiped when it is freed:
** its request buffers hold the keys. The counts serve the figure of memory a request. */
#ifdef HAVE_CURL
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>

#include "http/client.h"

static atomic_size_t held, held_most;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode started = CURLE_FAILED_INIT;

static void *counted(void *p) {
  if (p == NULL) return NULL;
  size_t n = malloc_usable_size(p), now = atomic_fetch_add_explicit(&held, n, memory_order_relaxed) + n;
  size_t most = atomic_load_explicit(&held_most, memory_order_relaxed);
  while (now > most && !atomic_compare_exchange_weak_explicit(&held_most, &most, now, memory_order_relaxed,
                                                              memory_order_relaxed)) {}
  return p;
}

static void *m_malloc(size_t n) { return counted(malloc(n)); }
static void *m_calloc(size_t n, size_t size) { return counted(calloc(n, size)); }
static char *m_strdup(const char *s) { return counted(strdup(s)); }

static void m_free(void *p) {
  if (p == NULL) return;
  size_t n = malloc_usable_size(p);
  explicit_bzero(p, n);
  atomic_fetch_sub_explicit(&held, n, memory_order_relaxed);
  free(p);
}

static void *m_realloc(void *p, size_t n) {
  if (p == NULL) return m_malloc(n);
  size_t had = malloc_usable_size(p);
  if (n <= had && n >= had / 2) return p;
  void *q = m_malloc(n);
  if (q == NULL) return NULL;
  memcpy(q, p, had < n ? had : n);
  m_free(p);
  return q;
}

static void start(void) {
  started = curl_global_init_mem(CURL_GLOBAL_DEFAULT, m_malloc, m_free, m_realloc, m_strdup, m_calloc);
}

int http_start(Error *err) {
  pthread_once(&once, start);
  if (started != CURLE_OK) return error_set(err, "libcurl does not start: %s", curl_easy_strerror(started));
  const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
  if (v->ssl_version == NULL || strncmp(v->ssl_version, "OpenSSL", 7) != 0)
    return error_set(err, "needs a libcurl that was built with OpenSSL (this one has %s)",
                     v->ssl_version != NULL ? v->ssl_version : "no TLS");
  return 0;
}

void http_memory(size_t *now, size_t *peak) {
  *now = atomic_load_explicit(&held, memory_order_relaxed);
  *peak = atomic_load_explicit(&held_most, memory_order_relaxed);
}
#else
typedef int start_without_curl;
#endif
