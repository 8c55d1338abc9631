/* tls.c - a test CA made at start and four certificates: good, expired, for another host, signed by itself. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "server.h"

static int extend(X509 *cert, X509 *issuer, int nid, const char *value) {
  X509V3_CTX ctx;
  X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
  X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
  if (e == NULL) return -1;
  int ok = X509_add_ext(cert, e, -1);
  X509_EXTENSION_free(e);
  return ok ? 0 : -1;
}

static X509 *make_cert(const char *name, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, int kind, long serial) {
  X509 *cert = X509_new();
  if (cert == NULL) return NULL;
  int ca = issuer == NULL && kind == CERT_GOOD;
  X509_set_version(cert, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(cert), serial);
  X509_gmtime_adj(X509_getm_notBefore(cert), kind == CERT_EXPIRED ? -172800 : -86400);
  X509_gmtime_adj(X509_getm_notAfter(cert), kind == CERT_EXPIRED ? -86400 : 86400);
  X509_set_pubkey(cert, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
  X509_set_issuer_name(cert, X509_get_subject_name(issuer ? issuer : cert));
  int bad = extend(cert, issuer ? issuer : cert, NID_basic_constraints, ca ? "critical,CA:TRUE" : "CA:FALSE");
  if (ca) bad |= extend(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign");
  else bad |= extend(cert, issuer ? issuer : cert, NID_subject_alt_name, kind == CERT_WRONG_HOST ?
                     "DNS:judge.example.org" : "DNS:localhost,IP:127.0.0.1,IP:::1");
  if (bad != 0 || X509_sign(cert, issuer_key, EVP_sha256()) == 0) {
    X509_free(cert);
    return NULL;
  }
  return cert;
}

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *outlen, const unsigned char *in,
                       unsigned inlen, void *arg) {
  static const unsigned char BOTH[] = "\2h2\10http/1.1", ONE[] = "\10http/1.1";
  const Server *s = arg;
  int h2 = http2_built() && !s->no_h2;
  (void)ssl;
  int got = SSL_select_next_proto((unsigned char **)out, outlen, h2 ? BOTH : ONE, h2 ? sizeof BOTH - 1 : sizeof ONE - 1,
                                  in, inlen);
  return got == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

static int make_context(Server *s, int kind, X509 *ca, EVP_PKEY *ca_key) {
  EVP_PKEY *key = EVP_EC_gen("P-256");
  X509 *cert = NULL;
  SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
  if (key != NULL && kind == CERT_SELF_SIGNED) cert = make_cert("localhost", key, NULL, key, kind, 10 + kind);
  else if (key != NULL) cert = make_cert("localhost", key, ca, ca_key, kind, 10 + kind);
  int ok = cert != NULL && ctx != NULL && SSL_CTX_use_certificate(ctx, cert) == 1 &&
           SSL_CTX_use_PrivateKey(ctx, key) == 1;
  X509_free(cert);
  EVP_PKEY_free(key);
  if (!ok) {
    SSL_CTX_free(ctx);
    return -1;
  }
  SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(ctx, choose_alpn, s);
  s->listener[1 + kind].ctx = ctx;
  return 0;
}

static int write_ca(Server *s, X509 *ca) {
  if (s->dir == NULL) {
    const char *tmp = getenv("TMPDIR");
    snprintf(s->made_dir, sizeof s->made_dir, "%.40s/judge_server.XXXXXX", tmp && strlen(tmp) < 40 ? tmp : "/tmp");
    if (mkdtemp(s->made_dir) == NULL) return -1;
    s->dir = s->made_dir;
  }
  if (snprintf(s->ca_path, sizeof s->ca_path, "%s/ca.pem", s->dir) >= (int)sizeof s->ca_path) return -1;
  FILE *f = fopen(s->ca_path, "w");
  int ok = f != NULL && PEM_write_X509(f, ca) == 1;
  if (f != NULL && fclose(f) != 0) ok = 0;
  return ok ? 0 : -1;
}

int tls_open(Server *s) {
  EVP_PKEY *key = EVP_EC_gen("P-256");
  X509 *ca = key ? make_cert("Tamis test CA", key, NULL, key, CERT_GOOD, 1) : NULL;
  int bad = ca == NULL || write_ca(s, ca) != 0;
  for (int kind = 0; !bad && kind < CERT_KINDS; kind++) bad = make_context(s, kind, ca, key) != 0;
  X509_free(ca);
  EVP_PKEY_free(key);
  return bad ? -1 : 0;
}

void tls_close(Server *s) {
  for (int kind = 0; kind < CERT_KINDS; kind++) SSL_CTX_free(s->listener[1 + kind].ctx);
  if (s->ca_path[0] != '\0') unlink(s->ca_path);
  if (s->made_dir[0] != '\0') rmdir(s->made_dir);
}
