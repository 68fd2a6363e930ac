import csv
import re
import time
from importlib.resources import files

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from intentclf.intake.mail.reply import split_body
from intentclf.intake.mail.reply.patterns import Row, expanded, label_of

# (id, subject, body, what the customer wrote this time)
CHAINS = [
    # Gmail, web and Android
    (
        "gmail-nl",
        "Re: inloggen",
        "Werkt nog niet.\n"
        "\n"
        "Op ma 3 mrt 2025 om 10:12 schreef Helpdesk <help@example.nl>:\n"
        "\n"
        "> Beste klant,\n"
        ">\n"
        "> Probeer het nu.\n",
        "Werkt nog niet.",
    ),
    (
        "gmail-nl-wrapped",
        "Re: inloggen",
        "Werkt nog niet.\n"
        "\n"
        "Op ma 3 mrt 2025 om 10:12 schreef Helpdesk van de Afdeling Beheer en\n"
        "Onderhoud <help@example.nl>:\n"
        "> Beste klant",
        "Werkt nog niet.",
    ),
    (
        "gmail-nb",
        "Re: kode",
        "Koden kom aldri.\n"
        "\n"
        "man. 3. mars 2025 kl. 10:12 skrev Kundestøtte <post@example.org>:\n"
        "\n"
        "> Hei,\n"
        "> prøv igjen.",
        "Koden kom aldri.",
    ),
    (
        "gmail-ru",
        "Re: вход",
        "Код не приходит.\n\nпн, 3 мар. 2025 г. в 10:12, Служба поддержки <help@example.org>:\n\n> Добрый день!",
        "Код не приходит.",
    ),
    (
        "gmail-en-narrow-space",
        "Re: sign in",
        "Still locked.\n"
        "\n"
        "On Mon, Mar 3, 2025 at 10:12\u202fAM Help Desk <help@example.com> wrote:\n"
        "\n"
        "> Hello,\n"
        "> try again.",
        "Still locked.",
    ),
    (
        "gmail-en-three-lines",
        "Re: sign in",
        "Still locked.\n"
        "\n"
        "On Mon, Mar 3, 2025 at 10:12 AM Help Desk of the\n"
        "Riverside Office <\n"
        "help@example.com> wrote:\n"
        "\n"
        "> Hello",
        "Still locked.",
    ),
    (
        "gmail-uk-program-ru-writer",
        "Re: вход",
        "Не помогло\n\nпн, 3 бер. 2025 р. о 10:12 Підтримка <help@example.org> пише:\n\n> Добрий день",
        "Не помогло",
    ),
    (
        "gmail-de-program-nl-writer",
        "AW: code",
        "Geen code ontvangen.\n\nAm Mo., 3. März 2025 um 10:12 Uhr schrieb Helpdesk <help@example.nl>:\n\n> Beste",
        "Geen code ontvangen.",
    ),
    (
        "gmail-fr",
        "RE: code",
        "No code here.\n\nLe lun. 3 mars 2025 à 10:12, Helpdesk <help@example.com> a écrit :\n\n> Bonjour",
        "No code here.",
    ),
    (
        "gmail-sv",
        "Sv: kod",
        "Ingen kode.\n\nDen mån 3 mars 2025 kl 10:12 skrev Kundtjänst <help@example.org>:\n\n> Hej",
        "Ingen kode.",
    ),
    (
        "gmail-da",
        "Sv: kode",
        "Ingen kode.\n\nDen man. 3. mar. 2025 kl. 10.12 skrev Support <help@example.org>:\n\n> Hej",
        "Ingen kode.",
    ),
    (
        "gmail-unmarked",
        "Re: bill",
        "It is wrong again.\n"
        "\n"
        "On Mon, Mar 3, 2025 at 10:12 AM Help Desk <help@example.com> wrote:\n"
        "\n"
        "Dear customer,\n"
        "see below.",
        "It is wrong again.",
    ),
    # Apple Mail and iPhone
    (
        "apple-nl",
        "Re: sync",
        "Nee, nog steeds niet.\n"
        "\n"
        "> Op 3 mrt 2025, om 10:12 heeft Helpdesk <help@example.nl> het volgende geschreven:\n"
        ">\n"
        "> Is het gelukt?",
        "Nee, nog steeds niet.",
    ),
    (
        "iphone-nb",
        "Re: sync",
        "Nei.\n"
        "\n"
        "Sendt fra min iPhone\n"
        "\n"
        "> 3. mars 2025 kl. 10:12 skrev Kundestøtte <post@example.org>:\n"
        ">\n"
        "> Virker det nå?",
        "Nei.",
    ),
    (
        "iphone-ru",
        "Re: почта",
        "Нет.\n"
        "\n"
        "Отправлено с iPhone\n"
        "\n"
        "> 3 марта 2025 г., в 10:12, Поддержка <help@example.org> написал(а):\n"
        ">\n"
        "> Работает?",
        "Нет.",
    ),
    (
        "apple-rtl-mark",
        "Re: mail",
        "No.\n\n\u200eOn 3 Mar 2025, at 10:12, Help Desk <help@example.com> wrote:\n\n\u200e> Does it?",
        "No.",
    ),
    (
        "apple-forward-marked",
        "Fwd: Price",
        "Is this real?\n"
        "\n"
        "Begin forwarded message:\n"
        "\n"
        "> From: Billing <bill@example.com>\n"
        "> Subject: Price\n"
        "> Date: 3 March 2025 at 10:12:00 CET\n"
        "> To: me@example.org\n"
        ">\n"
        "> Dear customer,\n"
        "> your price goes up.\n"
        ">\n"
        "> Kind regards,\n"
        "> Billing",
        "Is this real?\n\nDear customer,\nyour price goes up.",
    ),
    # Outlook
    (
        "outlook-nl",
        "RE: code",
        "Dag,\n"
        "\n"
        "de code werkt niet.\n"
        "\n"
        "Met vriendelijke groet,\n"
        "\n"
        "Piet Jansen\n"
        "Inkoop\n"
        "\n"
        "Van: Helpdesk <help@example.nl>\n"
        "Verzonden: maandag 3 maart 2025 10:12\n"
        "Aan: Piet Jansen <piet@example.org>\n"
        "CC: Jan\n"
        "Onderwerp: code\n"
        "\n"
        "Beste Piet,\n"
        "\n"
        "Hierbij de code.",
        "Dag,\n\nde code werkt niet.",
    ),
    (
        "outlook-bold",
        "RE: kode",
        "Den er borte.\n"
        "\n"
        "*Fra:* Kundestøtte <post@example.org>\n"
        "*Sendt:* mandag 3. mars 2025 10:12\n"
        "*Til:* Kari <kari@example.org>\n"
        "*Emne:* kode\n"
        "\n"
        "Hei Kari",
        "Den er borte.",
    ),
    (
        "outlook-ru",
        "RE: доступ",
        "Доступа нет.\n"
        "\n"
        "________________________________\n"
        "От: Поддержка <help@example.org>\n"
        "Отправлено: 3 марта 2025 г. 10:12\n"
        "Кому: Иван <ivan@example.org>\n"
        "Тема: доступ\n"
        "\n"
        "Добрый день",
        "Доступа нет.",
    ),
    (
        "outlook-wrapped-to",
        "RE: list",
        "Please remove me.\n"
        "\n"
        "From: Help Desk <help@example.com>\n"
        "Sent: Monday, March 3, 2025 10:12 AM\n"
        "To: Jane <jane@example.org>; Bob <bob@example.org>;\n"
        "Alice <alice@example.org>\n"
        "Subject: list\n"
        "\n"
        "All,",
        "Please remove me.",
    ),
    (
        "outlook-other-order",
        "RE: list",
        "Please remove me.\n"
        "\n"
        "Subject: list\n"
        "Date: Mon, 3 Mar 2025 10:12\n"
        "From: Help Desk <help@example.com>\n"
        "To: jane@example.org\n"
        "\n"
        "All,",
        "Please remove me.",
    ),
    (
        "outlook-line-below-a-colon",
        "printer",
        "Zie hieronder:\n\n________________________________\nVan: Helpdesk\nVerzonden: maandag\nAan: mij\n\nBeste",
        "Zie hieronder:",
    ),
    (
        "outlook-two-blocks",
        "SV: SV: kode",
        "Tredje gang nå.\n"
        "\n"
        "Fra: A <a@example.org>\n"
        "Sendt: tirsdag 4. mars 2025 09:00\n"
        "Til: meg\n"
        "Emne: kode\n"
        "\n"
        "Hei\n"
        "\n"
        "Fra: meg\n"
        "Sendt: mandag 3. mars 2025 10:12\n"
        "Til: A\n"
        "Emne: kode\n"
        "\n"
        "Hjelp",
        "Tredje gang nå.",
    ),
    (
        "original-message",
        "Antw: factuur",
        "Die factuur klopt niet.\n"
        "\n"
        "-----Oorspronkelijk bericht-----\n"
        "Van: Boekhouding\n"
        "Verzonden: maandag 3 maart 2025 10:12\n"
        "Aan: mij\n"
        "\n"
        "Bijgaand",
        "Die factuur klopt niet.",
    ),
    (
        "original-marked-answer-below",
        "Re: quota",
        "-----Original Message-----\n"
        "From: Help Desk <help@example.com>\n"
        "Sent: Monday\n"
        "\n"
        "> How large is it?\n"
        "\n"
        "Two gigabytes.",
        "Two gigabytes.",
    ),
    (
        "outlook-mobile",
        "Re: Teams",
        "Hangt weer.\n"
        "\n"
        "Outlook voor Android downloaden\n"
        "________________________________\n"
        "From: Help <help@example.com>\n"
        "Sent: Monday, March 3, 2025 10:12:00 AM\n"
        "To: Jan <jan@example.org>\n"
        "Subject: Teams\n"
        "\n"
        "Dear Jan",
        "Hangt weer.",
    ),
    (
        "outlook-mobile-link",
        "Re: Teams",
        "Frozen again.\n"
        "\n"
        "Get Outlook for iOS<https://aka.ms/o0ukef>\n"
        "________________________________\n"
        "From: Help <help@example.com>",
        "Frozen again.",
    ),
    # Thunderbird and other programs that mark
    (
        "thunderbird-nl-below",
        "Re: agenda",
        "Op 03-03-2025 om 10:12 schreef Helpdesk:\n> Welke agenda?\n\nDie van het team.\n\n-- \nPiet",
        "Die van het team.",
    ),
    (
        "thunderbird-nb",
        "Re: kalender",
        "Den 03.03.2025 10:12, skrev Kundestøtte:\n> Hvilken kalender?\nLagets.",
        "Lagets.",
    ),
    (
        "thunderbird-nn",
        "Re: kalender",
        "Den 3. mars 2025 kl. 10.12 skreiv Brukarstøtte <post@example.org>:\n> Kva kalender?\n\nDen eg deler.",
        "Den eg deler.",
    ),
    (
        "thunderbird-ru",
        "Re: почта",
        "03.03.2025 10:12, Поддержка пишет:\n> Какая почта?\n\nРабочая.",
        "Рабочая.",
    ),
    (
        "inline",
        "Re: three questions",
        "Hi,\n"
        "\n"
        "On 03/03/2025 10:12, Help Desk wrote:\n"
        "> Which browser?\n"
        "\n"
        "Firefox 136.\n"
        "\n"
        "> Since when?\n"
        "\n"
        "Since Monday.\n"
        "\n"
        "> Regards\n"
        "> Help Desk\n"
        "\n"
        "Regards,\n"
        "Jane",
        "Hi,\n\nFirefox 136.\n\nSince Monday.",
    ),
    (
        "inline-without-empty-lines",
        "Re: two",
        "On May 3 Jan wrote:\n> which one?\nthe blue one\n> since when?\nmonday",
        "the blue one\n\nmonday",
    ),
    (
        "nested",
        "Re: x",
        "yes\n\nOn Monday Jan wrote:\n> no\n>\n> On Sunday Piet wrote:\n>> maybe\n>>> what",
        "yes",
    ),
    (
        "bare-name",
        "Re: x",
        "Иван Петров пишет:\n> Да?\n\nДа.",
        "Да.",
    ),
    (
        "the-bat",
        "Re[2]: порт",
        "Здравствуйте, Кирилл.\n\nВы писали 3 марта 2025 г., 10:12:40:\n\nКС> Какой порт?\n\n995.\n",
        "Здравствуйте, Кирилл.\n\n995.",
    ),
    (
        "horde",
        "Re: quota",
        "Quoting Help Desk <help@example.com>:\n"
        "\n"
        "> Delete something.\n"
        "\n"
        "----- End message from help@example.com -----\n"
        "\n"
        "I did.",
        "I did.",
    ),
    (
        "groupwise",
        "Re: quota",
        "Still full.\n\n>>> Help Desk <help@example.com> 3/3/2025 10:12 AM >>>\nHi,\ndelete something.",
        "Still full.",
    ),
    (
        "lotus",
        "Sv: kode",
        "Nei.\n"
        "\n"
        '-----"Brukerhjelp" <post@example.org> skrev: -----\n'
        "Til: kari@example.org\n"
        'Fra: "Brukerhjelp" <post@example.org>\n'
        "Dato: 03.03.2025 10.12\n"
        "Emne: kode\n"
        "\n"
        "Hei",
        "Nei.",
    ),
    # Yandex, Mail.ru, Yahoo, Samsung, tickets
    (
        "yandex",
        "Re: оплата",
        'Оплата прошла дважды.\n\n03.03.2025, 10:12, "Поддержка" <help@example.org>:\n> Здравствуйте!',
        "Оплата прошла дважды.",
    ),
    (
        "yandex-frame",
        "Re: оплата",
        "Оплата прошла дважды.\n"
        "\n"
        "----------------\n"
        "Кому: ivan@example.org;\n"
        "Тема: оплата;\n"
        '03.03.2025, 10:12, "Поддержка" <help@example.org>:\n'
        "\n"
        "Здравствуйте!",
        "Оплата прошла дважды.",
    ),
    (
        "mail-ru",
        "Re: ключ",
        "Ключ не подошёл.\n"
        "\n"
        "--\n"
        "Иван Петров\n"
        "\n"
        "Понедельник, 3 марта 2025, 10:12 +03:00 от Поддержка <help@example.org>:\n"
        ">Вот ключ.",
        "Ключ не подошёл.",
    ),
    (
        "yahoo",
        "Re: bill",
        "Wrong amount.\n"
        "\n"
        "Sent from Yahoo Mail on Android\n"
        "\n"
        "  On Mon, Mar 3, 2025 at 10:12 AM, Help Desk<help@example.com> wrote:   \n"
        "\n"
        "Dear customer",
        "Wrong amount.",
    ),
    (
        "samsung",
        "Re: tablet",
        "Nee\n"
        "\n"
        "Verstuurd vanaf mijn Galaxy\n"
        "\n"
        "-------- Oorspronkelijk bericht --------\n"
        "Van: Helpdesk <help@example.nl>\n"
        "Datum: 03-03-2025 10:12 (GMT+01:00)\n"
        "Aan: jan@example.org\n"
        "Onderwerp: tablet\n"
        "\n"
        "Beste Jan",
        "Nee",
    ),
    (
        "ticket-nl",
        "Re: [#12] printer",
        "Hij doet het weer niet.\n\n##- Typ uw antwoord boven deze regel -##\n\nUw verzoek is bijgewerkt.",
        "Hij doet het weer niet.",
    ),
    (
        "ticket-nb",
        "Re: sak",
        "Fortsatt feil.\n\n--- Skriv svaret ditt over denne linjen ---\nSaken er oppdatert",
        "Fortsatt feil.",
    ),
    (
        "ticket-ru",
        "Re: заявка",
        "Не помогло.\n\n##- Введите ответ выше этой строки -##\nЗаявка",
        "Не помогло.",
    ),
    (
        "ticket-en",
        "Re: ticket",
        "No.\n\n———-—————\nReply above this line.\n\nTor commented:\n\nHi",
        "No.",
    ),
    (
        "pasted-above-the-quote",
        "Re: licentie",
        "Nu zie ik:\n> Uw licentie is verlopen.\n\nOp 03-03-2025 10:12 schreef Helpdesk:\n> Welke melding?",
        "Nu zie ik:\n> Uw licentie is verlopen.",
    ),
    (
        "typed-in-flowed",
        "Re: export",
        "It prints:\n >started\n >timeout\n\nOn 03/03/2025 10:12, Help Desk wrote:\n> What does it print?",
        "It prints:\n>started\n>timeout",
    ),
    (
        "typed-in-flowed-like-a-quote",
        "Re: export",
        "See this.\n\n > Not a quote, is it?\n\nOn 03/03/2025 10:12, Help Desk wrote:\n> What does it print?",
        "See this.\n\n > Not a quote, is it?",
    ),
    (
        "formula-and-name-parted-by-a-quote",
        "Re: bellen",
        "Kunt u bellen?\n\nBedankt,\n\nOp 03-03-2025 10:12 schreef Helpdesk:\n> Ja?\n\nPiet",
        "Kunt u bellen?",
    ),
    # Forwards: the forwarded body stays
    (
        "forward-marked-with-its-quote",
        "Fwd: Price",
        "Begin forwarded message:\n"
        "\n"
        "> From: Billing <bill@example.com>\n"
        "> Date: 3 March 2025 at 10:12:00 CET\n"
        ">\n"
        "> It was this:\n"
        ">> Old price 5, new price 7.\n"
        "> Sorry for that.",
        "It was this:\n\nSorry for that.",
    ),
    (
        "forward-gmail-nl",
        "Fwd: prijs",
        "Klopt dit?\n"
        "\n"
        "---------- Doorgestuurd bericht ---------\n"
        "Van: Facturen <f@example.nl>\n"
        "Date: ma 3 mrt 2025 om 10:12\n"
        "Subject: prijs\n"
        "To: <jan@example.org>\n"
        "\n"
        "\n"
        "Beste klant,\n"
        "\n"
        "Uw prijs stijgt.\n"
        "\n"
        "Met vriendelijke groet,\n"
        "Facturen",
        "Klopt dit?\n\nBeste klant,\n\nUw prijs stijgt.",
    ),
    (
        "forward-outlook-nb",
        "VS: faktura",
        "Til info.\n"
        "\n"
        "Fra: Faktura <f@example.org>\n"
        "Sendt: mandag 3. mars 2025 10:12\n"
        "Til: Kari\n"
        "Emne: faktura\n"
        "\n"
        "Hei,\n"
        "fakturaen forfaller i dag.",
        "Til info.\n\nHei,\nfakturaen forfaller i dag.",
    ),
    (
        "forward-yandex",
        "Fwd: возврат",
        "-------- Пересылаемое сообщение --------\n"
        '03.03.2025, 10:12, "Mail" <m@example.org>:\n'
        "\n"
        "Не доставлено.\n"
        "-------- Конец пересылаемого сообщения --------",
        "Не доставлено.",
    ),
    (
        "forward-thunderbird",
        "Fwd: quota",
        "What now?\n"
        "\n"
        "-------- Forwarded Message --------\n"
        "Subject: \tquota\n"
        "Date: \tMon, 3 Mar 2025 10:12:00 +0100\n"
        "From: \tPost <post@example.org>\n"
        "To: \tjane@example.org\n"
        "\n"
        "Your mailbox is full.",
        "What now?\n\nYour mailbox is full.",
    ),
    (
        "forward-of-a-chain",
        "FW: RE: quota",
        "FYI, see below\n"
        "\n"
        "From: Bob <bob@example.org>\n"
        "Sent: Monday, March 3, 2025 10:12 AM\n"
        "To: Jane\n"
        "Subject: RE: quota\n"
        "\n"
        "It is still full.\n"
        "\n"
        "From: Help <help@example.com>\n"
        "Sent: Monday, March 3, 2025 9:00 AM\n"
        "To: Bob\n"
        "Subject: quota\n"
        "\n"
        "Please delete something.",
        "FYI, see below\n\nIt is still full.",
    ),
    # Closing, signature, device, banner, disclaimer, postscript
    (
        "closing-thanks-name",
        "",
        "Kunnen jullie bellen?\n\nAlvast bedankt,\nPiet",
        "Kunnen jullie bellen?",
    ),
    (
        "closing-thanks-beside",
        "",
        "Kan dere ringe?\n\nTakk, Kari",
        "Kan dere ringe?",
    ),
    (
        "closing-two",
        "",
        "Позвоните мне.\n\nЗаранее спасибо!\n\nС уважением,\nИван",
        "Позвоните мне.",
    ),
    (
        "closing-lower-case-name",
        "",
        "werkt niet\n\nmvg piet",
        "werkt niet",
    ),
    (
        "closing-two-languages",
        "",
        "It fails.\n\nMed vennlig hilsen / Best regards\nKari Nordmann\nLeder",
        "It fails.",
    ),
    (
        "postscript",
        "",
        "Не работает.\n\nС уважением,\nИван Петров\nООО «Ромашка»\n\nP.S. И на планшете тоже.\n\nтел. +7 900 000-00-00",
        "Не работает.\n\nP.S. И на планшете тоже.",
    ),
    (
        "postscript-without-gap",
        "",
        "Werkt niet\nGroetjes Jan\nPS ook op mijn tablet",
        "Werkt niet\nPS ook op mijn tablet",
    ),
    (
        "question-below-thanks",
        "",
        "It fails on the laptop.\n\nThanks in advance,\nJane\n\nDoes it also need the new version?",
        "It fails on the laptop.\n\nDoes it also need the new version?",
    ),
    (
        "question-below-closing",
        "",
        "Det feiler.\n\nMvh\nKari\n\nKan dere ringe meg i dag?",
        "Det feiler.\n\nKan dere ringe meg i dag?",
    ),
    (
        "disclaimer-alone",
        "",
        "Ik kan niet inloggen.\n"
        "\n"
        "De informatie in dit e-mailbericht is vertrouwelijk en uitsluitend bestemd voor de geadresseerde.\n"
        "\n"
        "Denk aan het milieu voordat u print.",
        "Ik kan niet inloggen.",
    ),
    (
        "banner",
        "",
        "CAUTION: This email originated from outside of the organization. Do not click links or open\n"
        "attachments unless you recognise the sender.\n"
        "Hi,\n"
        "\n"
        "I cannot sign in.",
        "Hi,\n\nI cannot sign in.",
    ),
    (
        "banner-ru",
        "",
        "Вы нечасто получаете письма от ivan@example.org. Узнайте, почему это важно\n\nНе могу войти.",
        "Не могу войти.",
    ),
    (
        "device-alone",
        "",
        "Hjelp\n\nSendt fra Outlook for iOS",
        "Hjelp",
    ),
    ("banner-above-a-sentence", "", "[EXTERN]\nExterne afzender\nik kan niet inloggen", "ik kan niet inloggen"),
    # Nothing of the customer's
    (
        "only-quote",
        "Re: x",
        "> Beste klant,\n> is het gelukt?\n",
        "",
    ),
    (
        "only-attribution-and-quote",
        "Re: x",
        '03.03.2025, 10:12, "Поддержка" <help@example.org>:\n> Да?',
        "",
    ),
    (
        "only-signature",
        "",
        "Med vennlig hilsen\nKari Nordmann\nDaglig leder\nTlf. 22 00 00 00",
        "",
    ),
    (
        "only-device",
        "Re: x",
        "Sent from my iPhone",
        "",
    ),
    (
        "empty",
        "",
        "",
        "",
    ),
]

# What must never be lost, with the subject
KEPT = [
    ("thanks-on-top-signed", "Re: x", "Hi Owen,\nThanks,\nJane\n\nIt still does not work at all."),
    (
        "confidential-asked",
        "",
        "Hallo.\n\nDeze mail is vertrouwelijk en alleen bestemd voor de chef, waarom zie ik die?",
    ),
    ("travel", "", "From: Amsterdam\nTo: Utrecht\nDate: 3 May\n\nThe booking mail is missing."),
    ("ik-schreef", "", "Ik schreef:\n> Dit is wat er stond.\nMeer niet."),
    ("addresses-and-a-date", "", "Omzetten.\n\nVan: a@example.org\nAan: b@example.org\n\nDatum: zaterdag\nNiet later."),
    (
        "nl-colon",
        "",
        "Ik krijg deze melding:\nuw account is geblokkeerd",
    ),
    (
        "nl-schreef-ik",
        "",
        "Op 12 maart 2025 om 10:12 schreef ik jullie al dit:\nmijn factuur klopt niet",
    ),
    (
        "nb-skrev-jeg",
        "",
        "Den 3. mai 2025 kl. 10:12 skrev jeg til dere:\nfakturaen er feil",
    ),
    (
        "ru-pishet",
        "",
        "03.03.2025 в 10:12 Outlook пишет:\nОшибка 0x8004010F\nЧто делать?",
    ),
    (
        "ru-otveta-net",
        "Re: вход",
        "Ответ программы такой:\nневерный пароль",
    ),
    (
        "en-server-wrote",
        "",
        "On 3 March 2025 at 10:12 the server wrote:\nerror 5\nwhat now",
    ),
    (
        "from-in-prose",
        "",
        "From: settings I chose reset\nthen nothing",
    ),
    (
        "van-line",
        "",
        "Van: maandag tot vrijdag werkt het niet.\nAan het weekend ligt het niet.",
    ),
    (
        "period",
        "",
        "Frå: 01.04.2025\nTil: 30.04.2025\nEmne: Arkiv",
    ),
    (
        "move-mailboxes",
        "",
        "Graag omzetten:\n\nVan: a@example.org\nAan: b@example.org\n\nVan: c@example.org\nAan: d@example.org",
    ),
    (
        "pasted-trace",
        "",
        "Received: from mx.example.org\n"
        "From: a@example.org\n"
        "To: b@example.org\n"
        "Subject: spam\n"
        "Date: Mon, 3 Mar 2025\n"
        "\n"
        "hoe blokkeer ik dit?",
    ),
    (
        "prompts",
        "",
        "I ran this\n> npm install\n> npm run build\nand it stopped",
    ),
    (
        "python-prompt",
        "",
        ">>> import ssl\n>>> ssl.OPENSSL_VERSION\nNo module",
    ),
    (
        "log-after-colon",
        "Re: log",
        "Dit staat er:\n> 2025-03-03 10:12:01 ERROR 0x80070005\n> 2025-03-03 10:12:02 exit code 1\nWat nu?",
    ),
    (
        "quoted-after-colon",
        "",
        "De melding was:\n> Uw licentie is verlopen.\n> Neem contact op.\nWat nu?",
    ),
    (
        "thanks-in-the-middle",
        "",
        "Hi Owen,\n\nThanks.\n\nIt still does not work.",
    ),
    (
        "thanks-with-name-on-top",
        "Re: x",
        "Thanks, Owen.\n\nIt still does not work.",
    ),
    (
        "thanks-for",
        "",
        "Thanks for the quick answer, but it still fails",
    ),
    (
        "thanks-at-the-end",
        "",
        "It fails again.\n\nThanks!",
    ),
    (
        "bedankt-voor-niets",
        "",
        "Hallo\nbedankt voor niets\nalles is weg",
    ),
    (
        "dashes",
        "",
        "error\n-----\n0x80070005\n\n--\nsecond run was worse than the first, it stopped at once.",
    ),
    (
        "sent-from",
        "",
        "Mail to my son gets lost.\nSent from my phone it does arrive.\nWhat is wrong?",
    ),
    (
        "device-after-colon",
        "",
        "Under every mail it says:\nSent from my iPhone\nHow do I stop that?",
    ),
    (
        "signature-after-colon",
        "",
        "Nå står det:\n\nMed vennlig hilsen\nBorgunn\nMed vennlig hilsen\nBorgunn\n\nDet skal stå én gang.",
    ),
    (
        "greetings-in-prose",
        "",
        "Groeten en bloemen krijg ik wel,\nmaar geen antwoord",
    ),
    (
        "list",
        "",
        "1. open\n2. click\n> 50 users: it hangs",
    ),
    (
        "name-alone",
        "",
        "Nee, nog niet.\n\nPiet",
    ),
    (
        "reply-above",
        "",
        "The mail says I must reply above the dotted line, but there is none.",
    ),
    (
        "confidential-in-prose",
        "",
        "The page says my confidential files were shared.",
    ),
    # Sentences that have the words of disclaimers and banners in them
    (
        "rights",
        "",
        "Het werkt niet.\n\nOp deze map zijn geen rechten ingesteld.",
    ),
    (
        "only-on-phone",
        "",
        "Ik mis mail.\n\nDeze mail komt uitsluitend op de telefoon binnen.",
    ),
    (
        "contents",
        "",
        "Hei.\n\nInnholdet i denne mappen er borte.",
    ),
    (
        "had-this-error",
        "",
        "Hei.\n\nHvis du har fått denne feilen før, hva hjalp?",
    ),
    (
        "virus",
        "",
        "Hei.\n\nDenne e-posten ble sendt med et virus.",
    ),
    (
        "addressee",
        "",
        "Здравствуйте.\n\nПисьмо не дошло до адресата.",
    ),
    (
        "outer-address",
        "",
        "Важно: письмо на внешний адрес не уходит.\n\nЧто делать?",
    ),
    (
        "to-addressee",
        "",
        "Hello.\n\nThe message could not be delivered to the addressee.",
    ),
    (
        "print",
        "",
        "Hello.\n\nPlease consider fixing the print queue.",
    ),
    (
        "external-mail",
        "",
        "External emails bounce since Monday.\n\nPlease help.",
    ),
    (
        "external-sharing",
        "",
        "External sharing is broken.\nPlease check the link.",
    ),
    (
        "extern-nl",
        "",
        "Externe afzenders krijgen een foutmelding.\nKlik ik op verzenden, dan ook.",
    ),
    (
        "attention",
        "",
        "Attention: the billing page shows the wrong month.\n\nPlease correct it.",
    ),
    (
        "outlook-pishet-quoted",
        "",
        "Outlook пишет:\n> ошибка 0x8004010F\n> code 5",
    ),
    (
        "wrote-about-price",
        "",
        "On Monday he told us the price.\nHe wrote it down: 5 euro.",
    ),
    (
        "best-buy",
        "",
        "I bought it at\nBest Buy Downtown\nand it fails",
    ),
    (
        "nota-bene",
        "",
        "NB: jeg er på ferie\nhjelp",
    ),
    (
        "angle",
        "",
        "<p>",
    ),
]


def tidy(text):
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in text.split("\n"))).strip()


@pytest.mark.parametrize(("subject", "body", "text"), [pytest.param(*row[1:], id=row[0]) for row in CHAINS])
def test_what_the_customer_wrote_this_time_is_left(subject, body, text):
    assert split_body(body, subject=subject).text == text


@pytest.mark.parametrize(("subject", "body"), [pytest.param(*row[1:], id=row[0]) for row in KEPT])
def test_in_doubt_the_words_are_the_customers(subject, body):
    assert split_body(body, subject=subject).text == tidy(body)


def example_matches(row):
    if row.kind in ("verb", "device_start", "notice_cue", "notice_subject", "banner_subject"):
        return re.search(expanded(row.pattern), row.example, re.IGNORECASE)
    if row.kind.startswith("label_"):
        return (label_of(row.example) or ("", ""))[0] == row.kind.removeprefix("label_")
    bare = row.example if row.kind == "person" else row.example.strip("-# ").rstrip(":,.! ").strip()
    pattern = re.compile(expanded(row.pattern), re.IGNORECASE)
    return pattern.match(row.example) if row.kind in PREFIXES else pattern.fullmatch(bare)


PREFIXES = {
    "banner",
    "banner_more",
    "disclaimer",
    "postscript",
    "greeting",
    "trace",
    "subject_reply",
    "subject_forward",
}
with (files("intentclf.intake.mail.reply") / "reply_patterns.csv").open(encoding="utf-8") as table:
    PATTERNS = [Row(**row) for row in csv.DictReader(table)]


@pytest.mark.parametrize("row", [pytest.param(row, id=f"{row.kind}-{k}") for k, row in enumerate(PATTERNS)])
def test_every_pattern_matches_its_example(row):
    assert example_matches(row), row


@pytest.mark.parametrize("language", ["nl", "nb", "ru", "en"])
def test_every_language_of_writers_has_every_kind(language):
    spoken = {row.kind for row in PATTERNS if row.language == language}
    everywhere = {row.kind for row in PATTERNS if row.language in ("any", "nl", "nb", "ru", "en")}
    assert everywhere - spoken <= {"trace", "postscript", "device_name", "device_more"}


def test_parts_name_what_went():
    body = (
        "EXTERNAL: sender from outside\n\nHi,\n\nno.\n\nRegards,\nJane\nSales\n\nThis e-mail is confidential.\n\n"
        "Sent from my iPhone\n\nOn Mon, Mar 3, 2025 at 10:12 AM Bob <bob@example.com> wrote:\n> Well?\n"
    )
    kinds = [(part.kind, part.text.strip()) for part in split_body(body).parts]
    assert kinds == [
        ("banner", "EXTERNAL: sender from outside"),
        ("own", "Hi,\n\nno."),
        ("closing", "Regards,\nJane"),
        ("signature", "Sales"),
        ("disclaimer", "This e-mail is confidential."),
        ("device", "Sent from my iPhone"),
        ("attribution", "On Mon, Mar 3, 2025 at 10:12 AM Bob <bob@example.com> wrote:"),
        ("quote", "> Well?"),
    ]


@pytest.mark.parametrize(
    ("subject", "body", "earlier"),
    [
        pytest.param("Re: x", "nee", [], id="no_quote"),
        pytest.param("Re: x", "nee\n\n> ja?", [("", "")], id="nobody_named"),
        pytest.param(
            "Re: x",
            "nee\n\nOp ma 3 mrt 2025 om 10:12 schreef Jan <jan@example.org>:\n> ja?",
            [("Jan <jan@example.org>", "ma 3 mrt 2025 om 10:12")],
            id="attribution",
        ),
        pytest.param(
            "Re: x",
            'нет\n\n03.03.2025, 10:12, "Поддержка" <help@example.org>:\n> Да?\n>\n'
            "> 02.03.2025 09:00, Иван пишет:\n>> Помогите",
            [('"Поддержка" <help@example.org>', "03.03.2025, 10:12"), ("Иван", "02.03.2025 09:00")],
            id="two_deep",
        ),
        pytest.param(
            "SV: x",
            "nei\n\nFra: Kari <kari@example.org>\nSendt: mandag 3. mars 2025 10:12\nTil: meg\nEmne: x\n\nja?",
            [("Kari <kari@example.org>", "mandag 3. mars 2025 10:12")],
            id="header",
        ),
        pytest.param(
            "Fwd: x", "see\n\n---------- Forwarded message ---------\nFrom: a@example.org\n\nhi", [], id="forward"
        ),
        pytest.param("Re: x", "no\n\n## Reply above this line ##\nTicket 12", [("", "")], id="ticket"),
    ],
)
def test_earlier_messages_are_told_by_sender_and_date(subject, body, earlier):
    split = split_body(body, subject=subject)
    assert [(each["sender"], each["date"]) for each in split.earlier] == earlier
    assert split.raised_before == bool(earlier)


PIECES = st.sampled_from(
    [row[2] for row in CHAINS]
    + [row[2] for row in KEPT]
    + [line for row in CHAINS for line in row[2].split("\n")]
    + ["\n", "", "> oud", ">> ouder", " > typed", "--", "-- ", "Mvh", "Thanks,\nJan", "PS nog iets", "Is dit goed zo?"]
)
BODIES = st.lists(PIECES | st.text(max_size=30), max_size=8).map("\n".join)


@given(BODIES | st.text(), st.sampled_from(["", "Re: x", "Fwd: x", "Kapot"]))
@example(" >>>", "")
@example("--\n\x1f\n-- ", "Re: x")
def test_parts_tile_the_body(body, subject):
    parts = split_body(body, subject=subject).parts
    assert "".join(part.text for part in parts) == body
    assert [part.start for part in parts[1:]] == [part.end for part in parts[:-1]]
    assert all(body[part.start : part.end] == part.text for part in parts)


@given(BODIES | st.text())
@settings(max_examples=300)
def test_splitting_again_changes_nothing(body):
    text = split_body(body).text
    assert split_body(text).text == text


@given(BODIES, st.sampled_from(["Re: x", "Fwd: x", "Kapot"]))
def test_what_a_subject_told_is_not_undone(body, subject):
    text = split_body(body, subject=subject).text
    assert split_body(text).text == text


@given(BODIES | st.text())
def test_no_line_is_made_up(body):
    there = {re.sub(r"^\s*(?:> ?)?", "", line).strip() for line in body.split("\n")} | {
        line.strip() for line in body.split("\n")
    }
    assert [line for line in split_body(body).text.split("\n") if line.strip() not in there | {""}] == []


@given(st.text(alphabet="абвгд xyz\n.", max_size=200))
def test_plain_prose_stays(body):
    assert split_body(body).text == tidy(body)


HOSTILE = {
    "one_line": "a" * 2_000_000,
    "marks": ">\n" * 200_000,
    "angles": "<" * 10**6,
    "mark_line": "> " * 10**6,
    "empty_lines": "\n" * 2_000_000,
    "colons": ":\n" * 700_000,
    "attributions": "On 3 May 2025 at 10:12 Jan wrote:\n" * 60_000,
    "attributions_and_quotes": "Jan wrote:\n> a\n" * 130_000,
    "times": ("On " + "10:12 " * 60 + " wrote:\n") * 5_000,
    "labels": "From: a@b\n" * 200_000,
    "blocks": "From: a\nSent: b\nTo: c\nSubject: d\n\nx\n" * 50_000,
    "rules": "-----\n" * 330_000,
    "signatures": "--\n" * 500_000 + "I am still here, am I not?",
    "closings": "Kind regards,\nJan\n" * 110_000,
    "thanks": "Thanks,\nJan\n\nI am still here now.\n\n" * 55_000,
    "postscripts": "PS: x\n" * 330_000,
    "devices": "Sent from my iPhone\n\n" * 95_000,
    "device_words": ("Verzonden met " + "mail " * 20 + "\n") * 17_000,
    "banners": "EXTERNAL sender\n" * 120_000,
    "disclaimers": "This e-mail is confidential\n\n" * 70_000,
    "devices_between": "Sent from my iPhone\n\nIt is still broken here, is it?\n\n" * 40_000,
    "shown_letters": "Look:\n\nHi,\nit fails\n" * 90_000,
    "rules_below_text": "a\n" + "-----\n" * 330_000,
    "links": "<https://example.org/>\n\n" * 80_000,
    "pasted_blocks": "Look:\nFrom: a@b.c\nSent: d\nTo: e\nSubject: f\n" * 45_000,
    "broken_off": ("> " + "a" * 70 + "\nand so\n") * 25_000,
    "interleaved": "a:\n> b\n" * 280_000,
    "forwards": "Begin forwarded message:\n> a\n" * 66_000,
    "nested": "".join(">" * (k % 50) + " On 3 May 2025 at 10:12 Jan <j@x.nl> wrote:\n" for k in range(25_000)),
}


@pytest.mark.slow
@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in HOSTILE.items()])
def test_two_megabytes_of_anything_take_about_a_second(body):
    start = time.process_time()
    split_body(body)
    assert time.process_time() - start < 4  # a second on an idle machine


def test_time_grows_with_length_only():
    def seconds(body):
        start = time.process_time()
        split_body(body)
        return time.process_time() - start

    for name, body in HOSTILE.items():
        piece = body[:20_000]
        assert seconds(piece) < 1, name
