/* tests/http_peer.h - a small HTTP/1.1 server for tests of the client, in threads of the test itself:
** one a connection, blocking. What it does is in the path: see peer_answer. */
#ifndef TAMIS_HTTP_PEER_H
#define TAMIS_HTTP_PEER_H

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PEER_CONNECTIONS = 512, PEER_HEAD = 16384 };

typedef struct Peer {
  int fd;
  unsigned port;
  SSL_CTX *tls;                /* NULL: plain */
  pthread_t thread, worker[PEER_CONNECTIONS];
  atomic_int connection[PEER_CONNECTIONS];   /* fd + 1 while open */
  atomic_int n, requests, stop, out, most_out;
  pthread_mutex_t lock;
  char head[PEER_HEAD];        /* of the last request */
  char *body;
  size_t body_len;
} Peer;

typedef struct PeerConnection { Peer *peer; int at, fd, served; SSL *ssl; } PeerConnection;

static inline ssize_t peer_read(PeerConnection *c, void *to, size_t n) {
  return c->ssl != NULL ? SSL_read(c->ssl, to, (int)n) : recv(c->fd, to, n, 0);
}

static inline int peer_write(PeerConnection *c, const void *from, size_t n) {
  const char *p = from;
  while (n > 0) {
    ssize_t k = c->ssl != NULL ? SSL_write(c->ssl, p, n > 65536 ? 65536 : (int)n) : send(c->fd, p, n, MSG_NOSIGNAL);
    if (k <= 0) return -1;
    p += k;
    n -= (size_t)k;
  }
  return 0;
}

static inline int peer_say(PeerConnection *c, const char *text) { return peer_write(c, text, strlen(text)); }

static inline int peer_reply(PeerConnection *c, int status, const char *headers, const char *body, size_t len) {
  char head[4096];
  int n = snprintf(head, sizeof head, "HTTP/1.1 %d Word\r\nContent-Length: %zu\r\n%s\r\n", status, len, headers);
  return peer_write(c, head, (size_t)n) != 0 || peer_write(c, body, len) != 0 ? -1 : 0;
}

static inline int peer_reset(PeerConnection *c) {
  struct linger hard = { 1, 0 };
  setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  return -1;
}

/* Returns 0 to go on with the connection, -1 to close it. */
static inline int peer_answer(PeerConnection *c, const char *path, const char *head, const char *body, size_t len) {
  static const char zeros[65536];
  Peer *p = c->peer;
  char text[PEER_HEAD + 256];
  int status, n;
  if (strcmp(path, "/ok") == 0) return peer_reply(c, 200, "Request-Id: r1\r\nX-Other: 1\r\n", "{\"ok\":true}", 11);
  if (sscanf(path, "/status/%d", &status) == 1) return peer_reply(c, status, "Retry-After: 7\r\n", "{}", 2);
  if (strcmp(path, "/echo") == 0) return peer_reply(c, 200, "", body, len);
  if (strcmp(path, "/head") == 0) return peer_reply(c, 200, "", head, strlen(head));
  if (strcmp(path, "/refused") == 0) return peer_reply(c, 401, "", head, strlen(head));
  if (strcmp(path, "/redirect") == 0) {
    snprintf(text, sizeof text, "Location: http://127.0.0.1:%u/ok\r\n", p->port);
    return peer_reply(c, 302, text, "", 0);
  }
  if (strcmp(path, "/reset") == 0) return peer_reset(c);
  if (strcmp(path, "/reset-second") == 0) return c->served > 1 ? peer_reset(c) : peer_reply(c, 200, "", "", 0);
  if (strcmp(path, "/half") == 0) {
    peer_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"half\":");
    usleep(20000);
    return peer_reset(c);
  }
  if (strcmp(path, "/short") == 0) return peer_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"short\":"), -1;
  if (strcmp(path, "/chunk") == 0)
    return peer_say(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{\"chunk\""), -1;
  if (sscanf(path, "/big/%d", &n) == 1) {
    snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", (size_t)n * sizeof zeros);
    if (peer_say(c, text) != 0) return -1;
    for (int i = 0; i < n; i++) if (peer_write(c, zeros, sizeof zeros) != 0) return -1;
    return 0;
  }
  if (sscanf(path, "/endless/%d", &n) == 1) {
    if (peer_say(c, "HTTP/1.1 200 OK\r\n\r\n") != 0) return -1;
    for (int i = 0; i < n; i++) if (peer_write(c, zeros, sizeof zeros) != 0) return -1;
    return -1;
  }
  if (sscanf(path, "/slow/%d", &n) == 1) return usleep((unsigned)n * 1000), peer_reply(c, 200, "", "late", 4);
  if (strcmp(path, "/never") == 0) return peer_read(c, text, 1), -1;
  if (strcmp(path, "/drip") == 0) {
    peer_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
    for (int i = 0; i < 100; i++) if (usleep(20000), peer_write(c, "x", 1) != 0) return -1;
    return 0;
  }
  if (strcmp(path, "/continue") == 0) {
    peer_say(c, "HTTP/1.1 100 Continue\r\nRetry-After: 1\r\n\r\n");
    return peer_reply(c, 200, "Retry-After: 2\r\n", "ok", 2);
  }
  if (strcmp(path, "/garbage") == 0) return peer_say(c, "SSH-2.0-OpenSSH_9\r\n\r\n"), -1;
  if (strcmp(path, "/gzip") == 0) {   /* gzip of "gzip gzip" that nobody asked for */
    static const unsigned char z[] = { 0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0x02, 0x03, 0x4b, 0xaf, 0xca, 0x2c, 0x50,
                                       0x48, 0x07, 0x12, 0x00, 0x86, 0xdd, 0xfb, 0x2c, 0x09, 0, 0, 0 };
    return peer_reply(c, 200, "Content-Encoding: gzip\r\n", (const char *)z, sizeof z);
  }
  return peer_reply(c, 404, "", "", 0);
}

static inline int peer_request(PeerConnection *c) {
  Peer *p = c->peer;
  char head[PEER_HEAD], path[256] = "";
  size_t n = 0, body_at = 0;
  while (body_at == 0) {
    ssize_t k = n + 1 < sizeof head ? peer_read(c, head + n, sizeof head - 1 - n) : -1;
    if (k <= 0) return -1;
    n += (size_t)k;
    head[n] = '\0';
    char *end = strstr(head, "\r\n\r\n");
    if (end != NULL) body_at = (size_t)(end - head) + 4;
  }
  const char *length = strcasestr(head, "\r\ncontent-length:");
  size_t len = length != NULL && length < head + body_at ? strtoul(length + 17, NULL, 10) : 0, have = n - body_at;
  char *body = malloc(len + 1);
  if (have > len) have = len;
  memcpy(body, head + body_at, have);
  while (have < len) {
    ssize_t k = peer_read(c, body + have, len - have);
    if (k <= 0) return free(body), -1;
    have += (size_t)k;
  }
  head[body_at] = '\0';
  sscanf(head, "%*s %255s", path);
  p->requests++;
  c->served++;
  int out = ++p->out;
  if (out > p->most_out) p->most_out = out;
  pthread_mutex_lock(&p->lock);
  memcpy(p->head, head, body_at + 1);
  free(p->body);
  p->body = malloc(len + 1);
  memcpy(p->body, body, len);
  p->body[len] = '\0';
  p->body_len = len;
  pthread_mutex_unlock(&p->lock);
  int go_on = peer_answer(c, path, head, body, len);
  p->out--;
  free(body);
  return go_on;
}

static inline void *peer_serve(void *arg) {
  PeerConnection *c = arg;
  if (c->peer->tls != NULL) {
    c->ssl = SSL_new(c->peer->tls);
    SSL_set_fd(c->ssl, c->fd);
    if (SSL_accept(c->ssl) != 1) goto done;
  }
  while (!c->peer->stop && peer_request(c) == 0) {}
done:
  if (c->ssl != NULL) SSL_free(c->ssl);
  c->peer->connection[c->at] = 0;
  close(c->fd);
  free(c);
  return NULL;
}

static inline void *peer_accept(void *arg) {
  Peer *p = arg;
  int one = 1;
  while (!p->stop && p->n < PEER_CONNECTIONS) {
    int fd = accept(p->fd, NULL, NULL);
    if (fd < 0) break;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    PeerConnection *c = calloc(1, sizeof *c);
    *c = (PeerConnection){ .peer = p, .at = p->n, .fd = fd };
    p->connection[c->at] = fd + 1;
    pthread_create(&p->worker[c->at], NULL, peer_serve, c);
    p->n++;
  }
  return NULL;
}

static inline void peer_open(Peer *p, SSL_CTX *tls) {
  struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  socklen_t len = sizeof a;
  memset(p, 0, sizeof *p);
  pthread_mutex_init(&p->lock, NULL);
  p->tls = tls;
  p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bind(p->fd, (struct sockaddr *)&a, sizeof a);
  listen(p->fd, 512);
  getsockname(p->fd, (struct sockaddr *)&a, &len);
  p->port = ntohs(a.sin_port);
  pthread_create(&p->thread, NULL, peer_accept, p);
}

static inline void peer_close(Peer *p) {
  p->stop = 1;
  shutdown(p->fd, SHUT_RDWR);
  pthread_join(p->thread, NULL);
  close(p->fd);
  for (int i = 0; i < p->n; i++) {
    int fd = p->connection[i] - 1;
    if (fd >= 0) shutdown(fd, SHUT_RDWR);
    pthread_join(p->worker[i], NULL);
  }
  free(p->body);
  pthread_mutex_destroy(&p->lock);
}

/* A server's context with a fresh self-signed certificate for san ("IP:127.0.0.1"), valid from `from`
** to `until` (seconds from now); written to pem for the client to trust, unless NULL. */
static inline SSL_CTX *peer_tls(const char *san, long from, long until, const char *pem) {
  EVP_PKEY *key = EVP_EC_gen("P-256");
  X509 *x = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
  X509_set_version(x, 2);
  X509_gmtime_adj(X509_getm_notBefore(x), from);
  X509_gmtime_adj(X509_getm_notAfter(x), until);
  X509_set_pubkey(x, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)"peer", -1, -1, 0);
  X509_set_issuer_name(x, X509_get_subject_name(x));
  X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);
  X509_add_ext(x, names, -1);
  X509_EXTENSION_free(names);
  X509_sign(x, key, EVP_sha256());
  if (pem != NULL) {
    FILE *f = fopen(pem, "w");
    PEM_write_X509(f, x);
    fclose(f);
  }
  SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
  SSL_CTX_use_certificate(ctx, x);
  SSL_CTX_use_PrivateKey(ctx, key);
  X509_free(x);
  EVP_PKEY_free(key);
  return ctx;
}

#endif
