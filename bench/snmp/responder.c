/* The fastest SNMP responder we could think of, so that the client is what is measured.
 *
 * v1 and v2c with community "public"; v3 with user "bench", SHA-256 "authpass1234" and AES-128
 * "privpass1234". One socket: every address of 127.0.0.0/8 is a target of its own with its own
 * engine id, except 127.9.0.0/16, which never answers. 2,184 rows: a system group, an IF-MIB of 64
 * ports and a table of 48 outlets by 8 columns. Measurements differ from request to request, so
 * that no client gains by remembering them, and some change the length of their encoding.
 *
 * Usage: responder PORT [MAX_MESSAGE]. Prints "ready ROWS" when it listens; ends with its parent. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

enum {
    INTEGER = 0x02, OCTETS = 0x04, NAME = 0x06, COUNTER32 = 0x41, GAUGE32 = 0x42, TICKS = 0x43,
    COUNTER64 = 0x46, NO_OBJECT = 0x80, NO_INSTANCE = 0x81, END_OF_VIEW = 0x82,
    GET = 0xa0, GET_NEXT = 0xa1, RESPONSE = 0xa2, GET_BULK = 0xa5, REPORT = 0xa8,
    TOO_BIG = 1, NO_SUCH_NAME = 2,
    AUTH = 1, PRIV = 2,
    SUBIDS = 32, ROWS = 4096, NAMES = 64, BATCH = 64, DATAGRAM = 66000, REQUEST = 4096,
    MAC = 24, KEY = 32, SALT = 8, ENGINE_ID = 9, WINDOW_S = 150, BOOTS = 1, TARGETS = 65536,
};

struct name { int count; uint32_t subids[SUBIDS]; };
struct row { struct name name; uint8_t octets[96]; int size, varies; const struct row *other; };
struct span { const uint8_t *at, *end; };
struct target { uint32_t address; EVP_MAC_CTX *mac; EVP_CIPHER_CTX *encrypt, *decrypt; };

static struct row rows[ROWS];
static int row_count, max_message = 60000;
static uint8_t auth_master[KEY], priv_master[KEY];
static struct target targets[TARGETS];
static EVP_MAC *hmac;
static time_t started;
static uint64_t salt_counter;
static uint32_t usm_counters[8];
static uint8_t turn;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* --- BER ----------------------------------------------------------------------------------- */

static int put_name(uint8_t *out, const struct name *name)
{
    int size = 1, i, digits;
    out[0] = name->subids[0] * 40 + name->subids[1];
    for (i = 2; i < name->count; i++) {
        uint32_t subid = name->subids[i];
        uint8_t reversed[5];
        for (digits = 0; digits == 0 || subid; subid >>= 7)
            reversed[digits++] = subid & 0x7f;
        while (digits--)
            out[size++] = reversed[digits] | (digits ? 0x80 : 0);
    }
    return size;
}

static int get_name(struct span octets, struct name *name)
{
    uint32_t subid = 0;
    if (octets.at == octets.end)
        return 0;
    name->count = 2;
    name->subids[0] = *octets.at / 40 > 2 ? 2 : *octets.at / 40;
    name->subids[1] = *octets.at - 40 * name->subids[0];
    while (++octets.at < octets.end) {
        subid = subid << 7 | (*octets.at & 0x7f);
        if (*octets.at & 0x80)
            continue;
        if (name->count == SUBIDS)
            return 0;
        name->subids[name->count++] = subid;
        subid = 0;
    }
    return 1;
}

static int put_unsigned(uint8_t *out, int tag, uint64_t value)
{
    uint8_t reversed[10];
    int size = 0, i;
    do
        reversed[size++] = value;
    while (value >>= 8);
    if (reversed[size - 1] & 0x80)
        reversed[size++] = 0;
    out[0] = tag;
    out[1] = size;
    for (i = 0; i < size; i++)
        out[2 + i] = reversed[size - 1 - i];
    return 2 + size;
}

static uint8_t *put_octets(uint8_t *out, int tag, const void *octets, int size)
{
    *out++ = tag;
    *out++ = size;
    memcpy(out, octets, size);
    return out + size;
}

/* A header whose length is filled in by close_tlv: always the three-octet form. */
static uint8_t *open_tlv(uint8_t *out, int tag)
{
    out[0] = tag;
    out[1] = 0x82;
    return out + 4;
}

static void close_tlv(uint8_t *opened, const uint8_t *end)
{
    long size = end - opened - 4;
    opened[2] = size >> 8;
    opened[3] = size;
}

/* The content of the TLV at from->at, which moves behind it; its tag, or -1. */
static int get_tlv(struct span *from, struct span *content)
{
    const uint8_t *at = from->at;
    long size, octets;
    int tag;
    if (from->end - at < 2)
        return -1;
    tag = *at++;
    size = *at++;
    if (size & 0x80) {
        octets = size & 0x7f;
        if (octets > 3 || from->end - at < octets)
            return -1;
        for (size = 0; octets--;)
            size = size << 8 | *at++;
    }
    if (from->end - at < size)
        return -1;
    *content = (struct span){at, at + size};
    from->at = at + size;
    return tag;
}

static int expect(struct span *from, int tag, struct span *content)
{
    return get_tlv(from, content) == tag;
}

static int get_integer(struct span *from, int64_t *value)
{
    struct span octets;
    if (!expect(from, INTEGER, &octets) || octets.at == octets.end)
        return 0;
    *value = (int8_t)*octets.at;
    while (++octets.at < octets.end)
        *value = *value << 8 | *octets.at;
    return 1;
}

/* --- the MIB ------------------------------------------------------------------------------- */

static int compare_names(const struct name *a, const struct name *b)
{
    int i;
    for (i = 0; i < a->count && i < b->count; i++)
        if (a->subids[i] != b->subids[i])
            return a->subids[i] < b->subids[i] ? -1 : 1;
    return a->count - b->count;
}

static int compare_rows(const void *a, const void *b)
{
    return compare_names(&((const struct row *)a)->name, &((const struct row *)b)->name);
}

/* A row of type OCTETS takes its text; a row that varies changes its last octet by up to 63. */
static void add(int tag, uint64_t value, const char *text, int varies, const char *dotted, int index)
{
    struct row *row = &rows[row_count++];
    uint8_t name[64], octets[64];
    char *next;
    int name_size, size;

    for (row->name.count = 0; *dotted; dotted = *next ? next + 1 : next)
        row->name.subids[row->name.count++] = strtoul(dotted, &next, 10);
    row->name.subids[row->name.count++] = index;
    row->varies = varies;
    name_size = put_name(name, &row->name);
    size = tag == OCTETS ? put_octets(octets, tag, text, strlen(text)) - octets
                         : put_unsigned(octets, tag, value);
    row->octets[0] = 0x30;
    row->octets[1] = 2 + name_size + size;
    put_octets(row->octets + 2, NAME, name, name_size);
    memcpy(row->octets + 4 + name_size, octets, size);
    row->size = 4 + name_size + size;
}

static void add_port(int port)
{
    static const int plain[] = {3, 4, 7, 8};
    char column[64], text[32];
    int i;
    add(INTEGER, port, NULL, 0, "1.3.6.1.2.1.2.2.1.1", port);
    snprintf(text, sizeof text, "Ethernet1/%d", port);
    add(OCTETS, 0, text, 0, "1.3.6.1.2.1.2.2.1.2", port);
    for (i = 0; i < 4; i++) {
        snprintf(column, sizeof column, "1.3.6.1.2.1.2.2.1.%d", plain[i]);
        add(INTEGER, 1, NULL, 0, column, port);
    }
    add(GAUGE32, 4294967295u, NULL, 0, "1.3.6.1.2.1.2.2.1.5", port);
    for (i = 10; i <= 20; i++) {
        snprintf(column, sizeof column, "1.3.6.1.2.1.2.2.1.%d", i);
        add(COUNTER32, (100000u * port + i) & ~0xffu, NULL, 1, column, port);
    }
    snprintf(text, sizeof text, "Eth1/%d", port);
    add(OCTETS, 0, text, 0, "1.3.6.1.2.1.31.1.1.1.1", port);
    for (i = 6; i <= 13; i++) {
        snprintf(column, sizeof column, "1.3.6.1.2.1.31.1.1.1.%d", i);
        add(COUNTER64, (123456789012ull * port + i) & ~0xffull, NULL, 1, column, port);
    }
    add(GAUGE32, 10000, NULL, 0, "1.3.6.1.2.1.31.1.1.1.15", port);
}

#define OUTLETS "1.3.6.1.4.1.99999.1.1."

/* The power of two outlets is now one octet long, now two. */
static void let_length_vary(int outlet)
{
    static struct row others[2];
    static int count;
    add(GAUGE32, 32, NULL, 1, OUTLETS "6", outlet);
    others[count] = rows[--row_count];
    add(GAUGE32, 160, NULL, 1, OUTLETS "6", outlet);
    rows[row_count - 1].other = &others[count++];
}

static void add_outlet(int outlet)
{
    char text[32];
    snprintf(text, sizeof text, "Outlet %d", outlet);
    add(INTEGER, outlet, NULL, 0, OUTLETS "1", outlet);
    add(OCTETS, 0, text, 0, OUTLETS "2", outlet);
    add(INTEGER, outlet % 7 ? 1 : 2, NULL, 0, OUTLETS "3", outlet); /* on, off */
    add(GAUGE32, 2304, NULL, 1, OUTLETS "4", outlet);               /* 0.1 V */
    add(GAUGE32, 2048 + 256 * (outlet % 5), NULL, 1, OUTLETS "5", outlet); /* mA */
    if (outlet == 10 || outlet == 40)
        let_length_vary(outlet);
    else
        add(GAUGE32, 512 + 256 * (outlet % 5), NULL, 1, OUTLETS "6", outlet); /* W */
    add(GAUGE32, 32, NULL, 1, OUTLETS "7", outlet);                        /* 0.01 */
    add(COUNTER32, 3999999744u - 256 * outlet, NULL, 1, OUTLETS "8", outlet); /* Wh */
}

static void add_rows(void)
{
    int i;
    add(OCTETS, 0, "Bench PDU 48 outlet", 0, "1.3.6.1.2.1.1.1", 0);
    add(TICKS, 123456, NULL, 0, "1.3.6.1.2.1.1.3", 0);
    add(OCTETS, 0, "noc@example", 0, "1.3.6.1.2.1.1.4", 0);
    add(OCTETS, 0, "pdu-1", 0, "1.3.6.1.2.1.1.5", 0);
    add(OCTETS, 0, "rack 12", 0, "1.3.6.1.2.1.1.6", 0);
    add(INTEGER, 72, NULL, 0, "1.3.6.1.2.1.1.7", 0);
    add(INTEGER, 64, NULL, 0, "1.3.6.1.2.1.2.1", 0);
    for (i = 1; i <= 64; i++)
        add_port(i);
    for (i = 1; i <= 48; i++)
        add_outlet(i);
    add(OCTETS, 0, "after", 0, "1.3.6.1.4.1.99999.2.1", 0);
    qsort(rows, row_count, sizeof *rows, compare_rows);
}

/* The first row at name, or behind it where next is set; row_count where there is none. */
static int find(const struct name *name, int next)
{
    int low = 0, high = row_count, middle;
    while (low < high) {
        middle = (low + high) / 2;
        if (compare_names(&rows[middle].name, name) < next)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* --- PDUs ---------------------------------------------------------------------------------- */

struct answer { uint8_t *at, *end; };

static int put_row(struct answer *answer, const struct row *row)
{
    if (row->other && !(turn & 7))
        row = row->other;
    if (answer->end - answer->at < row->size)
        return 0;
    memcpy(answer->at, row->octets, row->size);
    answer->at += row->size;
    if (row->varies)
        answer->at[-1] += turn & 0x3f;
    return 1;
}

static int put_exception(struct answer *answer, struct span name, int exception)
{
    int size = name.end - name.at;
    if (answer->end - answer->at < size + 6)
        return 0;
    *answer->at++ = 0x30;
    *answer->at++ = 4 + size;
    answer->at = put_octets(answer->at, NAME, name.at, size);
    *answer->at++ = exception;
    *answer->at++ = 0;
    return 1;
}

struct asked { struct span octets; struct name name; };

static int get_names(struct span list, struct asked *asked)
{
    struct span varbind;
    int count = 0;
    while (list.at < list.end) {
        if (count == NAMES || !expect(&list, 0x30, &varbind) ||
            !expect(&varbind, NAME, &asked[count].octets) ||
            !get_name(asked[count].octets, &asked[count].name))
            return -1;
        count++;
    }
    return count;
}

/* error-status for GET and GETNEXT; *index is the name at fault. */
static int put_singles(struct answer *answer, int kind, int version, struct asked *asked, int count,
                       int *index)
{
    int i, row, there;
    for (i = 0; i < count; i++) {
        *index = i + 1;
        row = find(&asked[i].name, kind == GET ? 0 : 1);
        there = row < row_count &&
                (kind != GET || !compare_names(&rows[row].name, &asked[i].name));
        if (!there && version == 0)
            return NO_SUCH_NAME;
        if (there ? !put_row(answer, &rows[row])
                  : !put_exception(answer, asked[i].octets, kind == GET ? NO_INSTANCE : END_OF_VIEW))
            return TOO_BIG;
    }
    return 0;
}

static void put_repetitions(struct answer *answer, struct asked *asked, int count, int64_t most)
{
    static const uint8_t last[] = {0x2b, 6, 1, 4, 1, 0x86, 0x8d, 0x1f, 2, 1, 0};
    const struct span end_of_view = {last, last + sizeof last};
    int next[NAMES], i, live = 1;
    for (i = 0; i < count; i++)
        next[i] = find(&asked[i].name, 1);
    while (most-- > 0 && live)
        for (live = i = 0; i < count; i++)
            if (next[i] < row_count) {
                if (!put_row(answer, &rows[next[i]++]))
                    return;
                live = 1;
            } else if (!put_exception(answer, end_of_view, END_OF_VIEW))
                return;
}

/* Answers the PDU in request with at most room octets; their number, or -1 for what is no PDU. */
static int answer_pdu(struct span request, uint8_t *out, int version, int room)
{
    static struct asked asked[NAMES];
    struct span pdu, id, list;
    struct answer answer = {NULL, out + room};
    int64_t first, second;
    int kind = get_tlv(&request, &pdu), count, index = 0, status = 0, fixed;
    uint8_t *error, *varbinds;

    if ((kind != GET && kind != GET_NEXT && kind != GET_BULK) || !expect(&pdu, INTEGER, &id) ||
        !get_integer(&pdu, &first) || !get_integer(&pdu, &second) || !expect(&pdu, 0x30, &list) ||
        (count = get_names(list, asked)) < 0)
        return -1;
    error = put_octets(open_tlv(out, RESPONSE), INTEGER, id.at, id.end - id.at);
    memcpy(error, "\2\1\0\2\1\0", 6);
    varbinds = error + 6;
    answer.at = open_tlv(varbinds, 0x30);
    if (kind == GET_BULK) {
        fixed = first < count ? first : count;
        status = put_singles(&answer, GET_NEXT, version, asked, fixed, &index);
        if (!status)
            put_repetitions(&answer, asked + fixed, count - fixed, second);
    } else
        status = put_singles(&answer, kind, version, asked, count, &index);
    if (status) {
        error[2] = status;
        error[5] = status == TOO_BIG ? 0 : index;
        answer.at = open_tlv(varbinds, 0x30);
        if (status != TOO_BIG) {
            memcpy(answer.at, list.at, list.end - list.at);
            answer.at += list.end - list.at;
        }
    }
    close_tlv(varbinds, answer.at);
    close_tlv(out, answer.at);
    return answer.at - out;
}

/* --- USM (RFC 3414, 3826, 7860) ------------------------------------------------------------ */

static void make_master(const char *password, uint8_t *key)
{
    static char stretched[1048576];
    size_t i, size = strlen(password);
    for (i = 0; i < sizeof stretched; i++)
        stretched[i] = password[i % size];
    EVP_Digest(stretched, sizeof stretched, key, NULL, EVP_sha256(), NULL);
}

static void make_engine_id(uint32_t address, uint8_t *id)
{
    memcpy(id, "\x80\x00\x1f\x88\x01", 5);
    memcpy(id + 5, &address, 4);
}

static void localize(const uint8_t *master, const uint8_t *id, uint8_t *key)
{
    uint8_t joined[KEY + ENGINE_ID + KEY];
    memcpy(joined, master, KEY);
    memcpy(joined + KEY, id, ENGINE_ID);
    memcpy(joined + KEY + ENGINE_ID, master, KEY);
    EVP_Digest(joined, sizeof joined, key, NULL, EVP_sha256(), NULL);
}

/* The keyed contexts of an address; two that share a place take turns there. */
static struct target *target_of(uint32_t address)
{
    struct target *target = &targets[ntohl(address) * 2654435761u >> 16];
    OSSL_PARAM digest[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, "SHA256", 0),
                           OSSL_PARAM_construct_end()};
    uint8_t id[ENGINE_ID], key[KEY];

    if (target->address == address)
        return target;
    if (!target->mac) {
        target->mac = EVP_MAC_CTX_new(hmac);
        target->encrypt = EVP_CIPHER_CTX_new();
        target->decrypt = EVP_CIPHER_CTX_new();
    }
    make_engine_id(address, id);
    localize(auth_master, id, key);
    EVP_MAC_init(target->mac, key, KEY, digest);
    localize(priv_master, id, key);
    EVP_EncryptInit_ex(target->encrypt, EVP_aes_128_cfb128(), NULL, key, NULL);
    EVP_DecryptInit_ex(target->decrypt, EVP_aes_128_cfb128(), NULL, key, NULL);
    target->address = address;
    return target;
}

static void sign(struct target *target, struct span message, const uint8_t *mac_at, uint8_t *mac)
{
    static const uint8_t zeros[MAC];
    uint8_t whole[KEY];
    size_t size;
    EVP_MAC_init(target->mac, NULL, 0, NULL);
    EVP_MAC_update(target->mac, message.at, mac_at - message.at);
    EVP_MAC_update(target->mac, zeros, MAC);
    EVP_MAC_update(target->mac, mac_at + MAC, message.end - mac_at - MAC);
    EVP_MAC_final(target->mac, whole, &size, sizeof whole);
    memcpy(mac, whole, MAC);
}

static void make_vector(uint8_t *vector, uint32_t boots, uint32_t seconds, const uint8_t *salt)
{
    uint32_t words[2] = {htonl(boots), htonl(seconds)};
    memcpy(vector, words, 8);
    memcpy(vector + 8, salt, SALT);
}

struct usm {
    struct span id, max_size, flags, engine, user, mac, salt, body;
    int64_t boots, seconds;
};

static int get_usm(struct span message, struct usm *usm)
{
    struct span header, parameters, inner;
    if (!expect(&message, 0x30, &header) || !expect(&message, OCTETS, &parameters) ||
        !expect(&header, INTEGER, &usm->id) || !expect(&header, INTEGER, &usm->max_size) ||
        !expect(&header, OCTETS, &usm->flags) || usm->flags.at == usm->flags.end ||
        !expect(&parameters, 0x30, &inner) || !expect(&inner, OCTETS, &usm->engine) ||
        !get_integer(&inner, &usm->boots) || !get_integer(&inner, &usm->seconds) ||
        !expect(&inner, OCTETS, &usm->user) || !expect(&inner, OCTETS, &usm->mac) ||
        !expect(&inner, OCTETS, &usm->salt))
        return 0;
    usm->body = message;
    return 1;
}

/* Which usmStats counter a request raises, 0 for none; then *scoped is its plain scoped PDU. */
static int check(struct target *target, struct span whole, struct usm *usm, int now,
                 const uint8_t *id, struct span *scoped)
{
    static uint8_t plain[REQUEST];
    uint8_t mac[MAC], vector[16];
    struct span secret;
    int flags = *usm->flags.at, size;

    if (usm->engine.end - usm->engine.at != ENGINE_ID || memcmp(usm->engine.at, id, ENGINE_ID))
        return 4;
    if (usm->user.end - usm->user.at != 5 || memcmp(usm->user.at, "bench", 5))
        return 3;
    if (!(flags & AUTH))
        return 1;
    if (usm->mac.end - usm->mac.at != MAC)
        return 5;
    sign(target, whole, usm->mac.at, mac);
    if (memcmp(mac, usm->mac.at, MAC))
        return 5;
    if (usm->boots != BOOTS || usm->seconds < now - WINDOW_S || usm->seconds > now + WINDOW_S)
        return 2;
    *scoped = usm->body;
    if (!(flags & PRIV))
        return 0;
    if (!expect(&usm->body, OCTETS, &secret) || usm->salt.end - usm->salt.at != SALT)
        return 6;
    make_vector(vector, usm->boots, usm->seconds, usm->salt.at);
    EVP_DecryptInit_ex(target->decrypt, NULL, NULL, NULL, vector);
    EVP_DecryptUpdate(target->decrypt, plain, &size, secret.at, secret.end - secret.at);
    *scoped = (struct span){plain, plain + size};
    return size && plain[0] == 0x30 ? 0 : 6;
}

static uint8_t *put_report(uint8_t *out, int counter)
{
    const struct name name = {11, {1, 3, 6, 1, 6, 3, 15, 1, 1, counter, 0}};
    uint8_t octets[32], *list, *varbind, *end;
    list = open_tlv(out, REPORT);
    memcpy(list, "\2\1\0\2\1\0\2\1\0", 9);
    list += 9;
    varbind = open_tlv(list, 0x30);
    end = put_octets(open_tlv(varbind, 0x30), NAME, octets, put_name(octets, &name));
    end += put_unsigned(end, COUNTER32, ++usm_counters[counter]);
    close_tlv(varbind, end);
    close_tlv(list, end);
    close_tlv(out, end);
    return end;
}

/* The scoped PDU of the answer; its end, or NULL where there is none. */
static uint8_t *put_scoped(uint8_t *out, int counter, struct span scoped, const uint8_t *id, int room)
{
    struct span inner, skipped;
    uint8_t *end = put_octets(open_tlv(out, 0x30), OCTETS, id, ENGINE_ID);
    int size;

    end = put_octets(end, OCTETS, "", 0);
    if (counter)
        end = put_report(end, counter);
    else {
        if (!expect(&scoped, 0x30, &inner) || !expect(&inner, OCTETS, &skipped) ||
            !expect(&inner, OCTETS, &skipped) || (size = answer_pdu(inner, end, 1, room)) < 0)
            return NULL;
        end += size;
    }
    close_tlv(out, end);
    return end;
}

static uint8_t *put_header(uint8_t *out, const struct usm *usm, int flags)
{
    uint8_t octet = flags, *end;
    memcpy(out, "\2\1\3", 3);
    out += 3;
    end = put_octets(open_tlv(out, 0x30), INTEGER, usm->id.at, usm->id.end - usm->id.at);
    end += put_unsigned(end, INTEGER, 65507);
    end = put_octets(end, OCTETS, &octet, 1);
    memcpy(end, "\2\1\3", 3);
    close_tlv(out, end + 3);
    return end + 3;
}

static int answer_v3(struct span whole, struct span rest, uint8_t *out, uint32_t address)
{
    static uint8_t scoped_out[DATAGRAM];
    struct usm usm;
    struct span scoped = {NULL, NULL};
    struct target *target = target_of(address);
    uint8_t id[ENGINE_ID], vector[16], salt[SALT], *end, *parameters, *body, *mac = NULL;
    int now = time(NULL) - started + 1, counter, flags, size, room = max_message;
    struct span limit;
    int64_t theirs;

    if (!get_usm(rest, &usm))
        return -1;
    limit = (struct span){usm.max_size.at - 2, usm.max_size.end};
    if (get_integer(&limit, &theirs) && theirs < room)
        room = theirs;
    make_engine_id(address, id);
    counter = check(target, whole, &usm, now, id, &scoped);
    flags = counter == 2 ? AUTH : counter ? 0 : *usm.flags.at & (AUTH | PRIV);
    end = put_scoped(scoped_out, counter, scoped, id, room - 160);
    if (!end)
        return -1;
    size = end - scoped_out;

    parameters = put_header(open_tlv(out, 0x30), &usm, flags);
    body = open_tlv(open_tlv(parameters, OCTETS), 0x30);
    end = put_octets(body, OCTETS, id, ENGINE_ID);
    end += put_unsigned(end, INTEGER, BOOTS);
    end += put_unsigned(end, INTEGER, now);
    end = put_octets(end, OCTETS, usm.user.at, usm.user.end - usm.user.at);
    end = put_octets(end, OCTETS, vector, 0);
    if (flags & AUTH) {
        end[-1] = MAC;
        mac = end;
        end += MAC;
    }
    memcpy(salt, &salt_counter, SALT);
    salt_counter++;
    end = put_octets(end, OCTETS, salt, flags & PRIV ? SALT : 0);
    close_tlv(parameters + 4, end);
    close_tlv(parameters, end);
    if (flags & PRIV) {
        make_vector(vector, BOOTS, now, salt);
        body = end;
        end = open_tlv(body, OCTETS);
        EVP_EncryptInit_ex(target->encrypt, NULL, NULL, NULL, vector);
        EVP_EncryptUpdate(target->encrypt, end, &size, scoped_out, size);
        end += size;
        close_tlv(body, end);
    } else {
        memcpy(end, scoped_out, size);
        end += size;
    }
    close_tlv(out, end);
    if (mac)
        sign(target, (struct span){out, end}, mac, mac);
    return end - out;
}

/* --- datagrams ----------------------------------------------------------------------------- */

static int answer_message(struct span whole, uint8_t *out, uint32_t address)
{
    struct span datagram = whole, message, community;
    int64_t version;
    uint8_t *end;
    int size;

    if (!expect(&datagram, 0x30, &message) || !get_integer(&message, &version))
        return -1;
    whole.end = datagram.at;
    if (version == 3)
        return answer_v3(whole, message, out, address);
    if (version > 1 || !expect(&message, OCTETS, &community) ||
        community.end - community.at != 6 || memcmp(community.at, "public", 6))
        return -1;
    end = open_tlv(out, 0x30);
    end += put_unsigned(end, INTEGER, version);
    end = put_octets(end, OCTETS, "public", 6);
    size = answer_pdu(message, end, version, max_message - 20);
    if (size < 0)
        return -1;
    close_tlv(out, end + size);
    return end + size - out;
}

static int open_socket(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_DGRAM, 0), one = 1, buffer = 16 << 20;

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3) < 0)
        die("cannot bind to the loopback interface");
    setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
        die("bind");
    return fd;
}

static uint32_t asked_address(struct msghdr *header)
{
    struct cmsghdr *part;
    for (part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part))
        if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_PKTINFO)
            return ((struct in_pktinfo *)CMSG_DATA(part))->ipi_addr.s_addr;
    return htonl(INADDR_LOOPBACK);
}

/* Answers come from the address that was asked. */
static void set_source(struct msghdr *header, uint32_t address)
{
    struct cmsghdr *part = CMSG_FIRSTHDR(header);
    struct in_pktinfo info = {.ipi_spec_dst.s_addr = address};
    part->cmsg_level = IPPROTO_IP;
    part->cmsg_type = IP_PKTINFO;
    part->cmsg_len = CMSG_LEN(sizeof info);
    memcpy(CMSG_DATA(part), &info, sizeof info);
}

static void serve(int fd)
{
    static uint8_t in[BATCH][REQUEST], out[BATCH][DATAGRAM];
    static struct mmsghdr received[BATCH], sent[BATCH];
    static struct iovec in_parts[BATCH], out_parts[BATCH];
    static struct sockaddr_in sources[BATCH];
    static uint8_t in_control[BATCH][64], out_control[BATCH][64];
    int i, count, ready, done, size;

    for (;;) {
        for (i = 0; i < BATCH; i++) {
            in_parts[i] = (struct iovec){in[i], REQUEST};
            received[i].msg_hdr = (struct msghdr){&sources[i], sizeof sources[i], &in_parts[i], 1,
                                                  in_control[i], sizeof in_control[i], 0};
        }
        count = recvmmsg(fd, received, BATCH, MSG_WAITFORONE, NULL);
        for (i = ready = 0; i < count; i++) {
            uint32_t address = asked_address(&received[i].msg_hdr);
            struct span whole = {in[i], in[i] + received[i].msg_len};
            if ((ntohl(address) >> 16) == (127 << 8 | 9))
                continue;
            turn++;
            if ((size = answer_message(whole, out[ready], address)) < 0)
                continue;
            out_parts[ready] = (struct iovec){out[ready], size};
            sent[ready].msg_hdr =
                (struct msghdr){&sources[i], sizeof sources[i], &out_parts[ready], 1,
                                out_control[ready], CMSG_SPACE(sizeof(struct in_pktinfo)), 0};
            set_source(&sent[ready++].msg_hdr, address);
        }
        for (done = 0; done < ready; done += size > 0 ? size : 1)
            while ((size = sendmmsg(fd, sent + done, ready - done, 0)) < 0 && errno == EINTR)
                ;
    }
}

int main(int argc, char **argv)
{
    int fd;
    if (argc < 2) {
        fprintf(stderr, "usage: responder PORT [MAX_MESSAGE]\n");
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (argc > 2)
        max_message = atoi(argv[2]);
    hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    started = time(NULL);
    make_master("authpass1234", auth_master);
    make_master("privpass1234", priv_master);
    add_rows();
    fd = open_socket(atoi(argv[1]));
    printf("ready %d\n", row_count);
    fflush(stdout);
    serve(fd);
}
