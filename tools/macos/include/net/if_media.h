/* SPDX-License-Identifier: ISC */
/*
 * net/if_media.h - what libpcap asks of a link, where the headers for macOS
 * lack it; as xnu's bsd/net/if_media.h has it
 */
#ifndef SALLYPORT_NET_IF_MEDIA_H
#define SALLYPORT_NET_IF_MEDIA_H

#define IFM_TYPE(media) ((media) & 0xe0)
#define IFM_IEEE80211 0x80
#define IFM_AVALID 0x1		/* of the status: what follows is so */
#define IFM_ACTIVE 0x2

#endif /* SALLYPORT_NET_IF_MEDIA_H */
