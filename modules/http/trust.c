/* modules/http/trust.c - whose certificates are believed: the system's, and a file of the user's.
** One store serves all connections of a client: read once, not once a connection, and the file adds
** to the system's where CURLOPT_CAINFO would replace them. */
#ifdef HAVE_CURL
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "http/client.h"

int trust_load(void **out, const char *ca_file, Error *err) {
  *out = NULL;
  X509_STORE *store = X509_STORE_new();
  if (store == NULL) return error_memory(err);
  const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
  int known = v->cainfo != NULL && X509_STORE_load_file(store, v->cainfo) == 1;
  if (!known) known = v->capath != NULL && X509_STORE_load_path(store, v->capath) == 1;
  if (!known) X509_STORE_set_default_paths(store);
  ERR_clear_error();
  if (ca_file != NULL && X509_STORE_load_file(store, ca_file) != 1) {
    ERR_clear_error();
    X509_STORE_free(store);
    return error_set(err, "cannot read certificates in PEM form from %s", ca_file);
  }
  X509_STORE_set_flags(store, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);   /* as libcurl does */
  *out = store;
  return 0;
}

void trust_free(void *store) { X509_STORE_free(store); }

CURLcode trust_apply(CURL *easy, void *ssl_ctx, void *store) {
  (void)easy;
  SSL_CTX_set1_cert_store(ssl_ctx, store);
  SSL_CTX_set_mode(ssl_ctx, SSL_MODE_RELEASE_BUFFERS);
  return CURLE_OK;
}
#else
typedef int trust_without_curl;
#endif
