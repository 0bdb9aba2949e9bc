"""What is worth knowing of a usable address: a mailbox of many people, or one for ten minutes."""

from __future__ import annotations

import re
from functools import cache

ROLE, DISPOSABLE = "role_address", "disposable_address"
_ROLE_WORDS = """
    abuse accounting accounts admin administrator all billing booking bookings careers cc
    compliance contact contacto contactus customercare customerservice dev devnull do-not-reply
    donotreply dpo editor email enquiries enquiry everyone feedback finance ftp hello help
    helpdesk hola hostmaster hr info information inquiries inquiry invoice invoices it jobs
    kontakt legal lienhe list mail mailbox mailer-daemon mailerdaemon marketing media news
    newsletter no-reply no_reply noc noreply null office order orders owner payments postmaster
    press privacidad privacy recruitment registrar remove request reservations root sales security
    service services shop spam staff subscribe support sysadmin team tech test unsubscribe usenet
    uucp ventas verkauf webmaster www
"""
_DISPOSABLE_DOMAINS = """
    0-mail.com 10minutemail.com 10minutemail.net 20minutemail.com 33mail.com anonbox.net
    burnermail.io byom.de deadaddress.com discard.email discardmail.com dispostable.com dodgit.com
    dropmail.me e4ward.com emailondeck.com emailtemporanea.com fakeinbox.com fakemail.net
    getairmail.com getnada.com grr.la guerrillamail.biz guerrillamail.com guerrillamail.de
    guerrillamail.info guerrillamail.net guerrillamail.org guerrillamailblock.com inboxbear.com
    inboxkitten.com incognitomail.org jetable.org kasmail.com linshiyouxiang.net mail-temp.com
    mail.tm mailcatch.com maildrop.cc mailexpire.com mailforspam.com mailinator.com mailinator.net
    mailinator2.com mailmoat.com mailnesia.com mailnull.com mailpoof.com mailsac.com
    mailtothis.com mintemail.com moakt.com mohmal.com mytemp.email mytrashmail.com nada.email
    sharklasers.com shitmail.me sneakemail.com sofort-mail.de spam4.me spambog.com spambox.us
    spamfree24.org spamgourmet.com temp-mail.io temp-mail.org tempail.com tempinbox.com
    tempmail.com tempmail.net tempmailo.com tempr.email throwam.com throwawaymail.com tmail.com
    tmpmail.net tmpmail.org trash-mail.com trashmail.com trashmail.de trashmail.me trashmail.net
    trbvm.com wegwerfemail.de wegwerfmail.de yopmail.com yopmail.fr yopmail.net zippymail.info
"""
_ROLES = frozenset(_ROLE_WORDS.split())
_DISPOSABLE = frozenset(_DISPOSABLE_DOMAINS.split())


def flags_of(address: str) -> tuple[str, ...]:
    """Return what may keep a canonical address from matching one person; it is sent anyway."""
    local, _, domain = address.rpartition("@")
    role = local.partition("+")[0] in _ROLES
    parent = domain.partition(".")[2]  # anything.mailinator.com is one as well
    thrown_away = domain in _DISPOSABLE or parent in _DISPOSABLE
    return (ROLE,) * role + (DISPOSABLE,) * thrown_away


@cache
def may_have_flags() -> str:
    """Return a pattern that finds every canonical address with a flag, and few others."""
    roles = "|".join(map(re.escape, sorted(_ROLES)))
    domains = "|".join(map(re.escape, sorted(_DISPOSABLE)))
    return rf"^(?:{roles})[+@]|@(?:[^@.]+\.)?(?:{domains})$"
