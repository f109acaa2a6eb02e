/*
 * A security key in software, for tests only: OpenSSH's middleware interface (sk-api.h, version 10; ssh-keygen -w, ssh -o
 * SecurityKeyProvider). Whatever it is told to lie about, it lies about. The private key travels in the key handle, in clear.
 *
 *   cc -shared -fPIC -O2 -Wall -Wextra -Werror -o softsk.so softsk.c -lcrypto
 *
 * SOFTSK_UP, SOFTSK_UV = 0|1   the flags of user presence and verification; as asked for unless set
 * SOFTSK_PIN = digits          verification takes this PIN
 * SOFTSK_COUNTER = number      the signature counter; the time of day in tenths of a second unless set
 * SOFTSK_BAD_SIGNATURE = 1     signatures are one bit wrong
 * SOFTSK_FAIL = 1              does not sign
 * SOFTSK_ATTEST_KEY = FILE     PEM of the key that attests new keys
 * SOFTSK_ATTEST_CERT = FILE    DER of its certificate
 * SOFTSK_AAGUID = 32 hex digits   the model; zero unless set
 * SOFTSK_LOG = FILE            one line a call is added to it
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/sha.h>

enum { API_VERSION = 0x000a0000 };
enum { FLAG_UP = 0x01, FLAG_UV = 0x04, FLAG_AT = 0x40, FLAG_ED = 0x80 };
enum { ALG_ECDSA = 0, ALG_ED25519 = 1 };
enum { DONE = 0, ERR_GENERAL = -1, ERR_UNSUPPORTED = -2, ERR_PIN = -3, ERR_NO_DEVICE = -4 };
enum { HANDLE_LENGTH = 33 }; /* the algorithm, then the private key */

struct sk_option;
struct sk_resident_key;

struct sk_enroll_response {
	uint8_t flags;
	uint8_t *public_key;
	size_t public_key_len;
	uint8_t *key_handle;
	size_t key_handle_len;
	uint8_t *signature;
	size_t signature_len;
	uint8_t *attestation_cert;
	size_t attestation_cert_len;
	uint8_t *authdata;
	size_t authdata_len;
};

struct sk_sign_response {
	uint8_t flags;
	uint32_t counter;
	uint8_t *sig_r;
	size_t sig_r_len;
	uint8_t *sig_s;
	size_t sig_s_len;
};

uint32_t sk_api_version(void);
int sk_enroll(uint32_t alg, const uint8_t *challenge, size_t challenge_len, const char *application, uint8_t flags,
    const char *pin, struct sk_option **options, struct sk_enroll_response **response);
int sk_sign(uint32_t alg, const uint8_t *data, size_t data_len, const char *application, const uint8_t *handle,
    size_t handle_len, uint8_t flags, const char *pin, struct sk_option **options, struct sk_sign_response **response);
int sk_load_resident_keys(const char *pin, struct sk_option **options, struct sk_resident_key ***keys, size_t *count);

/* Bytes that grow; allocation failures end the process, as befits a test. */
struct bytes {
	uint8_t *at;
	size_t length;
};

static void
add(struct bytes *to, const void *from, size_t length)
{
	if ((to->at = realloc(to->at, to->length + length + 1)) == NULL)
		abort();
	memcpy(to->at + to->length, from, length);
	to->length += length;
}

static void
add_byte(struct bytes *to, unsigned value)
{
	uint8_t byte = (uint8_t)value;

	add(to, &byte, 1);
}

static int
number(const char *name, int otherwise)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? atoi(value) : otherwise;
}

static uint32_t
counter(void)
{
	struct timespec now;
	const char *value = getenv("SOFTSK_COUNTER");

	if (value != NULL)
		return (uint32_t)strtoul(value, NULL, 10);
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint32_t)((uint64_t)now.tv_sec * 10 + (uint64_t)now.tv_nsec / 100000000);
}

static void
note(const char *call, const char *application, unsigned flags)
{
	const char *path = getenv("SOFTSK_LOG");
	FILE *file = path == NULL ? NULL : fopen(path, "a");

	if (file == NULL)
		return;
	fprintf(file, "%s application=%s flags=0x%02x\n", call, application, flags);
	fclose(file);
}

static int
pin_is_right(uint8_t flags, const char *pin)
{
	const char *wanted = getenv("SOFTSK_PIN");

	return (flags & FLAG_UV) == 0 || wanted == NULL || (pin != NULL && strcmp(pin, wanted) == 0);
}

static uint8_t
claimed_flags(uint8_t asked)
{
	unsigned flags = 0;

	if (number("SOFTSK_UP", (asked & FLAG_UP) != 0))
		flags |= FLAG_UP;
	if (number("SOFTSK_UV", (asked & FLAG_UV) != 0))
		flags |= FLAG_UV;
	return (uint8_t)flags;
}

static void
add_application(struct bytes *to, const char *application)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];

	SHA256((const uint8_t *)application, strlen(application), hash);
	add(to, hash, sizeof(hash));
}

static void
add_counter(struct bytes *to, uint32_t count)
{
	add_byte(to, count >> 24);
	add_byte(to, count >> 16);
	add_byte(to, count >> 8);
	add_byte(to, count);
}

static EVP_PKEY *
new_key(uint32_t alg)
{
	return alg == ALG_ECDSA ? EVP_EC_gen("P-256") : alg == ALG_ED25519 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519") : NULL;
}

/* The public key as OpenSSH wants it: the raw point, or the uncompressed one. */
static int
public_of(EVP_PKEY *key, uint32_t alg, struct bytes *to)
{
	uint8_t point[65];
	size_t length = sizeof(point);

	if (alg == ALG_ECDSA ? !EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &length)
	    : !EVP_PKEY_get_raw_public_key(key, point, &length))
		return 0;
	add(to, point, length);
	return length == (alg == ALG_ECDSA ? 65u : 32u);
}

static int
handle_of(EVP_PKEY *key, uint32_t alg, struct bytes *to)
{
	uint8_t secret[32];
	size_t length = sizeof(secret);
	BIGNUM *scalar = NULL;
	int good;

	if (alg == ALG_ECDSA) {
		good = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &scalar) && BN_bn2binpad(scalar, secret, sizeof(secret)) == (int)sizeof(secret);
		BN_clear_free(scalar);
	} else
		good = EVP_PKEY_get_raw_private_key(key, secret, &length) && length == sizeof(secret);
	add_byte(to, alg);
	add(to, secret, sizeof(secret));
	return good;
}

static EVP_PKEY *
key_in(const uint8_t *handle)
{
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *context = NULL;
	OSSL_PARAM *parameters = NULL;
	OSSL_PARAM_BLD *builder;
	BIGNUM *scalar;

	if (handle[0] == ALG_ED25519)
		return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, handle + 1, 32);
	builder = OSSL_PARAM_BLD_new();
	scalar = BN_bin2bn(handle + 1, 32, NULL);
	if (builder != NULL && scalar != NULL && OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) &&
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, scalar) && (parameters = OSSL_PARAM_BLD_to_param(builder)) != NULL &&
	    (context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL)) != NULL && EVP_PKEY_fromdata_init(context) == 1)
		EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, parameters);
	EVP_PKEY_CTX_free(context);
	OSSL_PARAM_free(parameters);
	OSSL_PARAM_BLD_free(builder);
	BN_clear_free(scalar);
	return key;
}

static int
sign(EVP_PKEY *key, const struct bytes *message, struct bytes *to)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	const EVP_MD *hash = EVP_PKEY_is_a(key, "EC") ? EVP_sha256() : NULL;
	uint8_t signature[256];
	size_t length = sizeof(signature);
	int good = context != NULL && EVP_DigestSignInit(context, NULL, hash, NULL, key) == 1 &&
	    EVP_DigestSign(context, signature, &length, message->at, message->length) == 1;

	EVP_MD_CTX_free(context);
	if (!good)
		return 0;
	if (number("SOFTSK_BAD_SIGNATURE", 0))
		signature[length - 1] ^= 1;
	add(to, signature, length);
	return 1;
}

/* RFC 9053, in the one order that CTAP2 allows. */
static void
add_cose(struct bytes *to, uint32_t alg, const struct bytes *point)
{
	if (alg == ALG_ECDSA) {
		add(to, "\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20", 10);
		add(to, point->at + 1, 32);
		add(to, "\x22\x58\x20", 3);
		add(to, point->at + 33, 32);
	} else {
		add(to, "\xa4\x01\x01\x03\x27\x20\x06\x21\x58\x20", 10);
		add(to, point->at, 32);
	}
}

static void
add_aaguid(struct bytes *to)
{
	const char *text = getenv("SOFTSK_AAGUID");
	unsigned value;
	int i;

	for (i = 0; i < 16; i++) {
		value = 0;
		if (text != NULL && strlen(text) == 32)
			sscanf(text + 2 * i, "%2x", &value);
		add_byte(to, value);
	}
}

/* Authenticator data of WebAuthn section 6.1, with the credProtect extension where verification was asked for, as CTAP2 keys give it. */
static void
add_authenticator_data(struct bytes *to, uint32_t alg, const char *application, uint8_t asked, const struct bytes *handle, const struct bytes *point)
{
	int protects = (asked & FLAG_UV) != 0;

	add_application(to, application);
	add_byte(to, (unsigned)claimed_flags(asked) | FLAG_AT | (protects ? FLAG_ED : 0u));
	add_counter(to, counter());
	add_aaguid(to);
	add_byte(to, handle->length >> 8);
	add_byte(to, handle->length);
	add(to, handle->at, handle->length);
	add_cose(to, alg, point);
	if (protects)
		add(to, "\xa1\x6b" "credProtect" "\x03", 14);
}

static void
add_file(struct bytes *to, const char *path)
{
	uint8_t part[4096];
	size_t length;
	FILE *file = fopen(path, "rb");

	if (file == NULL)
		return;
	while ((length = fread(part, 1, sizeof(part), file)) > 0)
		add(to, part, length);
	fclose(file);
}

/* CTAP2 packed: over the authenticator data and SHA-256 of the challenge. */
static int
attest(const struct bytes *data, const uint8_t *challenge, size_t challenge_len, struct sk_enroll_response *response)
{
	const char *key_path = getenv("SOFTSK_ATTEST_KEY"), *certificate_path = getenv("SOFTSK_ATTEST_CERT");
	struct bytes signature = { 0 }, certificate = { 0 }, wrapped = { 0 }, signed_bytes = { 0 };
	uint8_t hash[SHA256_DIGEST_LENGTH];
	EVP_PKEY *key = NULL;
	FILE *file;
	int good = 1;

	add(&signature, "", 0);
	add(&certificate, "", 0);
	if (key_path != NULL && certificate_path != NULL) {
		if ((file = fopen(key_path, "r")) != NULL) {
			key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
			fclose(file);
		}
		SHA256(challenge, challenge_len, hash);
		add(&signed_bytes, data->at, data->length);
		add(&signed_bytes, hash, sizeof(hash));
		good = key != NULL && sign(key, &signed_bytes, &signature);
		add_file(&certificate, certificate_path);
		EVP_PKEY_free(key);
		free(signed_bytes.at);
	}
	/* A CBOR byte string. */
	if (data->length < 256) {
		add_byte(&wrapped, 0x58);
	} else {
		add_byte(&wrapped, 0x59);
		add_byte(&wrapped, data->length >> 8);
	}
	add_byte(&wrapped, data->length);
	add(&wrapped, data->at, data->length);
	response->signature = signature.at;
	response->signature_len = signature.length;
	response->attestation_cert = certificate.at;
	response->attestation_cert_len = certificate.length;
	response->authdata = wrapped.at;
	response->authdata_len = wrapped.length;
	return good;
}

uint32_t
sk_api_version(void)
{
	return API_VERSION;
}

int
sk_enroll(uint32_t alg, const uint8_t *challenge, size_t challenge_len, const char *application, uint8_t flags,
    const char *pin, struct sk_option **options, struct sk_enroll_response **response)
{
	struct bytes point = { 0 }, handle = { 0 }, data = { 0 };
	EVP_PKEY *key;
	int good;

	(void)options;
	note("enroll", application, flags);
	if (!pin_is_right(flags, pin))
		return ERR_PIN;
	if ((key = new_key(alg)) == NULL)
		return ERR_UNSUPPORTED;
	if ((*response = calloc(1, sizeof(**response))) == NULL)
		abort();
	good = public_of(key, alg, &point) && handle_of(key, alg, &handle);
	EVP_PKEY_free(key);
	if (!good)
		return ERR_GENERAL;
	add_authenticator_data(&data, alg, application, flags, &handle, &point);
	good = attest(&data, challenge, challenge_len, *response);
	free(data.at);
	(*response)->flags = flags;
	(*response)->public_key = point.at;
	(*response)->public_key_len = point.length;
	(*response)->key_handle = handle.at;
	(*response)->key_handle_len = handle.length;
	return good ? DONE : ERR_GENERAL;
}

/* OpenSSH PROTOCOL.u2f: over SHA-256 of the application, flags, counter and SHA-256 of the message. */
int
sk_sign(uint32_t alg, const uint8_t *data, size_t data_len, const char *application, const uint8_t *handle,
    size_t handle_len, uint8_t flags, const char *pin, struct sk_option **options, struct sk_sign_response **response)
{
	struct bytes message = { 0 }, signature = { 0 };
	uint8_t hash[SHA256_DIGEST_LENGTH];
	const uint8_t *der;
	ECDSA_SIG *pair;
	EVP_PKEY *key;
	struct sk_sign_response *made;
	int good;

	(void)options;
	note("sign", application, flags);
	if (number("SOFTSK_FAIL", 0))
		return ERR_GENERAL;
	if (handle_len != HANDLE_LENGTH || handle[0] != alg)
		return ERR_NO_DEVICE;
	if (!pin_is_right(flags, pin))
		return ERR_PIN;
	if ((made = calloc(1, sizeof(*made))) == NULL)
		abort();
	made->flags = claimed_flags(flags);
	made->counter = counter();
	add_application(&message, application);
	add_byte(&message, made->flags);
	add_counter(&message, made->counter);
	SHA256(data, data_len, hash);
	add(&message, hash, sizeof(hash));
	key = key_in(handle);
	good = key != NULL && sign(key, &message, &signature);
	EVP_PKEY_free(key);
	free(message.at);
	if (!good)
		return ERR_GENERAL;
	if (alg == ALG_ED25519) {
		made->sig_r = signature.at;
		made->sig_r_len = signature.length;
	} else {
		der = signature.at;
		if ((pair = d2i_ECDSA_SIG(NULL, &der, (long)signature.length)) == NULL)
			return ERR_GENERAL;
		made->sig_r_len = (size_t)BN_num_bytes(ECDSA_SIG_get0_r(pair));
		made->sig_s_len = (size_t)BN_num_bytes(ECDSA_SIG_get0_s(pair));
		if ((made->sig_r = malloc(made->sig_r_len + 1)) == NULL || (made->sig_s = malloc(made->sig_s_len + 1)) == NULL)
			abort();
		BN_bn2bin(ECDSA_SIG_get0_r(pair), made->sig_r);
		BN_bn2bin(ECDSA_SIG_get0_s(pair), made->sig_s);
		ECDSA_SIG_free(pair);
		free(signature.at);
	}
	*response = made;
	return DONE;
}

int
sk_load_resident_keys(const char *pin, struct sk_option **options, struct sk_resident_key ***keys, size_t *count)
{
	(void)pin;
	(void)options;
	*keys = NULL;
	*count = 0;
	return ERR_UNSUPPORTED;
}
