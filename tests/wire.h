/* tests/wire.h - a bare TCP connection to a port of this machine, for tests that look at bytes and at how they end.
**   local wire = require "wire"
**   local w <close> = wire.open(8080)
**   w:send "GET / HTTP/1.1\r\n\r\n"
**   local bytes, how = w:read(2)     -- what came within 2 s, and "closed", "reset" or "open"
**   w:read(2, 100)                   -- returns as soon as 100 bytes are there */
#ifndef TAMIS_WIRE_H
#define TAMIS_WIRE_H

#include <arpa/inet.h>
#include <errno.h>
#include <lauxlib.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WIRE "tamis.test.wire"

typedef struct Wire { int fd; } Wire;

static double wire_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static Wire *wire_check(lua_State *L) {
  Wire *w = luaL_checkudata(L, 1, WIRE);
  luaL_argcheck(L, w->fd >= 0, 1, "connection is closed");
  return w;
}

static int wire_close(lua_State *L) {
  Wire *w = luaL_checkudata(L, 1, WIRE);
  if (w->fd >= 0) close(w->fd);
  w->fd = -1;
  return 0;
}

static int wire_open(lua_State *L) {
  lua_Integer port = luaL_checkinteger(L, 1);
  luaL_argcheck(L, 1 <= port && port <= 65535, 1, "expected a port");
  struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  Wire *w = lua_newuserdatauv(L, sizeof *w, 0);
  w->fd = -1;
  luaL_setmetatable(L, WIRE);
  w->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (w->fd >= 0 && connect(w->fd, (struct sockaddr *)&at, sizeof at) == 0) return 1;
  lua_pushnil(L);
  lua_pushstring(L, strerror(errno));
  return 2;
}

static int wire_send(lua_State *L) {
  Wire *w = wire_check(L);
  size_t len, at = 0;
  const char *bytes = luaL_checklstring(L, 2, &len);
  while (at < len) {
    ssize_t n = send(w->fd, bytes + at, len - at, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    at += (size_t)n;
  }
  lua_pushboolean(L, at == len);
  return 1;
}

static int wire_read(lua_State *L) {
  Wire *w = wire_check(L);
  double end = wire_now() + luaL_optnumber(L, 2, 5);
  lua_Integer want = luaL_optinteger(L, 3, LUA_MAXINTEGER), got = 0;
  const char *how = "open";
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  for (double left; got < want && (left = end - wire_now()) > 0;) {
    struct pollfd p = { w->fd, POLLIN, 0 };
    if (poll(&p, 1, (int)(left * 1000) + 1) <= 0) continue;
    ssize_t n = recv(w->fd, luaL_prepbuffsize(&b, 65536), 65536, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      how = n == 0 ? "closed" : "reset";
      break;
    }
    luaL_addsize(&b, (size_t)n);
    got += n;
  }
  luaL_pushresult(&b);
  lua_pushstring(L, how);
  return 2;
}

static int luaopen_wire(lua_State *L) {
  static const luaL_Reg METHODS[] = {
    { "send", wire_send }, { "read", wire_read }, { "close", wire_close }, { "__gc", wire_close },
    { "__close", wire_close }, { NULL, NULL }
  };
  static const luaL_Reg FUNCTIONS[] = { { "open", wire_open }, { NULL, NULL } };
  luaL_newmetatable(L, WIRE);
  luaL_setfuncs(L, METHODS, 0);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  luaL_newlib(L, FUNCTIONS);
  return 1;
}

#endif
