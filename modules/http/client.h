/* modules/http/client.h - what http.c, transfer.c and trust.c share. Not for anybody else. */
#ifndef TAMIS_CLIENT_H
#define TAMIS_CLIENT_H

#include <curl/curl.h>
#include <stdatomic.h>

#include "core/buf.h"
#include "core/file.h"
#include "http/http.h"
#include "http/request.h"
#include "http/secret.h"

typedef struct Reply {         /* what HttpReply points at */
  HttpReply pub;
  Request *request;            /* until it is queued again */
  double sent_at;
  Buf body, heads, message;
  HttpHeader *header;
} Reply;

typedef struct Transfer {
  CURL *easy;
  Http *client;
  Request *request;
  struct Transfer *next;       /* of the free ones, or of those in flight */
  struct Transfer *prev;
  curl_mime *mime;
  double started;
  int asked;                   /* times that a connection was ready for this request */
  int headed;                  /* a byte of a reply came */
  int uploading;               /* libcurl may hold a buffer for the body */
  AddressKind refused;         /* an address that was not allowed */
  HttpFault fault;             /* what a callback found */
  Buf body, heads;
  FileWriter *file;
  Error file_error;
  char text[CURL_ERROR_SIZE];
} Transfer;

struct Http {
  HttpOptions opt;             /* scalars only: what it points at is freed by its owner */
  Url origin;
  char *base, *proxy;
  HttpHeader *header;
  size_t nheaders;
  HttpHeader *fixed;
  size_t nfixed;
  char **keep;
  size_t nkeep;
  HeaderLine *tail;            /* array: accept-encoding, expect, then the secret lines */
  Secret secret;
  void *trust;                 /* X509_STORE; NULL for plain http */
  Pace pace;
  Queue queue;
  CURLM *multi;
  int few;                     /* connections are limited, as long as HTTP/2 is spoken */
  int epoll;
  double timer_at;             /* when libcurl wants to be called; under 0: not */
  Transfer *idle, *flying;
  int in_flight, uploading;    /* and how many of them have a buffer for their body */
  Reply *reply;
  size_t nreplies, replies_cap;
  HttpStats stats;
};

double http_now(void);         /* seconds of a steady clock */

/* transfer.c. Starts a request: 0; -1 with err worded, and the request is still the caller's. */
int transfer_start(Http *h, Request *r, double now, Error *err);
/* Ends one that libcurl is done with: fills *out, which takes the request, and frees the transfer for the next. */
void transfer_finish(Transfer *t, CURLcode code, double now, Reply *out);
/* Gives back the buffers of the requests whose body is sent: 16 KB each over TLS, while they wait for a reply. */
void transfers_slim(Http *h);
void transfer_drop(Transfer *t);   /* of one in flight: nothing is kept */
void transfer_free(Transfer *t);   /* of an idle one */

/* trust.c */
int trust_load(void **store, const char *ca_file, Error *err);
void trust_free(void *store);
CURLcode trust_apply(CURL *easy, void *ssl_ctx, void *store);

/* start.c: libcurl's one-time start, with memory functions that wipe what they free. 0 or -1. */
int http_start(Error *err);
void http_memory(size_t *now, size_t *peak);

#endif
