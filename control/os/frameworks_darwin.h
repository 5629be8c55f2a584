/* SPDX-License-Identifier: ISC */
/*
 * frameworks_darwin.h - what we use of macOS's frameworks
 *
 * Built with Apple's SDK, its headers declare it and it is linked. Without,
 * as in a cross build, what is declared here is loaded at run time. Either
 * way it is called through one table, so that the SDK's compiler proves these
 * lines to be right.
 */
#ifndef FRAMEWORKS_DARWIN_H
#define FRAMEWORKS_DARWIN_H

#include <dispatch/dispatch.h>
#include <mach/mach.h>
#include <stdint.h>

#include "compat.h"
#include "why.h"

#if __has_include(<SystemConfiguration/SystemConfiguration.h>)

#define FRAMEWORKS_LINKED
#include <IOKit/IOMessage.h>
#include <IOKit/pwr_mgt/IOPMLib.h>
#include <SystemConfiguration/SystemConfiguration.h>

#else

typedef const void *CFTypeRef, *CFPropertyListRef;
typedef const struct __CFAllocator *CFAllocatorRef;
typedef const struct __CFArray *CFArrayRef;
typedef const struct __CFData *CFDataRef;
typedef const struct __CFDictionary *CFDictionaryRef;
typedef const struct __CFString *CFStringRef;
typedef struct __CFError *CFErrorRef;
typedef long CFIndex, CFPropertyListFormat;
typedef unsigned long CFOptionFlags;
typedef unsigned char Boolean, UInt8;

typedef const struct __SCDynamicStore *SCDynamicStoreRef;
typedef struct {
	CFIndex version;
	void *info;
	const void *(*retain)(const void *info);
	void (*release)(const void *info);
	CFStringRef (*copyDescription)(const void *info);
} SCDynamicStoreContext;
typedef void (*SCDynamicStoreCallBack)(SCDynamicStoreRef store,
				       CFArrayRef changed, void *info);

typedef mach_port_t io_object_t, io_connect_t, io_service_t;
typedef kern_return_t IOReturn;
typedef struct IONotificationPort *IONotificationPortRef;
typedef void (*IOServiceInterestCallback)(void *refcon, io_service_t service,
					  uint32_t type, void *argument);

#endif

/* CFPropertyList.h, SCDynamicStore's SystemConfiguration.h */
enum {
	FRAMEWORKS_XML = 100,		/* kCFPropertyListXMLFormat_v1_0 */
	FRAMEWORKS_NO_KEY = 1004,	/* kSCStatusNoKey */
	FRAMEWORKS_NO_ACCESS = 1003,	/* kSCStatusAccessError */
	FRAMEWORKS_NO_SERVER = 2002,	/* kSCStatusNoStoreServer */
};

/* F(framework, result, name, arguments) */
#define FRAMEWORKS_CALLS(F) \
F(CoreFoundation, void, CFRelease, (CFTypeRef)) \
F(CoreFoundation, CFDataRef, CFDataCreate, \
  (CFAllocatorRef, const UInt8 *, CFIndex)) \
F(CoreFoundation, const UInt8 *, CFDataGetBytePtr, (CFDataRef)) \
F(CoreFoundation, CFIndex, CFDataGetLength, (CFDataRef)) \
F(CoreFoundation, CFPropertyListRef, CFPropertyListCreateWithData, \
  (CFAllocatorRef, CFDataRef, CFOptionFlags, CFPropertyListFormat *, \
   CFErrorRef *)) \
F(CoreFoundation, CFDataRef, CFPropertyListCreateData, \
  (CFAllocatorRef, CFPropertyListRef, CFPropertyListFormat, CFOptionFlags, \
   CFErrorRef *)) \
F(SystemConfiguration, SCDynamicStoreRef, SCDynamicStoreCreate, \
  (CFAllocatorRef, CFStringRef, SCDynamicStoreCallBack, \
   SCDynamicStoreContext *)) \
F(SystemConfiguration, CFDictionaryRef, SCDynamicStoreCopyMultiple, \
  (SCDynamicStoreRef, CFArrayRef, CFArrayRef)) \
F(SystemConfiguration, Boolean, SCDynamicStoreSetMultiple, \
  (SCDynamicStoreRef, CFDictionaryRef, CFArrayRef, CFArrayRef)) \
F(SystemConfiguration, Boolean, SCDynamicStoreSetNotificationKeys, \
  (SCDynamicStoreRef, CFArrayRef, CFArrayRef)) \
F(SystemConfiguration, Boolean, SCDynamicStoreSetDispatchQueue, \
  (SCDynamicStoreRef, dispatch_queue_t)) \
F(SystemConfiguration, int, SCError, (void)) \
F(SystemConfiguration, const char *, SCErrorString, (int)) \
F(IOKit, io_connect_t, IORegisterForSystemPower, \
  (void *, IONotificationPortRef *, IOServiceInterestCallback, \
   io_object_t *)) \
F(IOKit, IOReturn, IODeregisterForSystemPower, (io_object_t *)) \
F(IOKit, IOReturn, IOAllowPowerChange, (io_connect_t, intptr_t)) \
F(IOKit, kern_return_t, IOServiceClose, (io_connect_t)) \
F(IOKit, void, IONotificationPortSetDispatchQueue, \
  (IONotificationPortRef, dispatch_queue_t)) \
F(IOKit, void, IONotificationPortDestroy, (IONotificationPortRef))

struct frameworks {
#define FRAMEWORKS_MEMBER(framework, result, name, arguments) \
	result (*name) arguments;
	FRAMEWORKS_CALLS(FRAMEWORKS_MEMBER)
#undef FRAMEWORKS_MEMBER
};

/* Lives as long as we do. NULL: what is missing is in why. */
const struct frameworks *frameworks_load(struct why *why);

#endif /* FRAMEWORKS_DARWIN_H */
