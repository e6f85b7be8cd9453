// The pages' words in English and French, and how numbers, money and times are written.

const EN = {
  skip: "Skip to content",
  tagline: "Studio work, made while you watch.",
  tagline_more: "Ask for a piece of work, follow it live, get the result here and by e-mail. What fails costs nothing.",
  sign_in: "Sign in", sign_up: "Create account", sign_out: "Sign out",
  have_account: "I have an account", no_account: "I am new here",
  sign_up_hint: "New accounts start with free credits.",
  email: "E-mail address", password: "Password", password_hint: "At least 10 characters.",
  sign_in_to_see: "Sign in to see this result", sign_in_to_see_more: "It belongs to an account. It stays here; nothing is lost.",
  "credits.one": "{count} credit", "credits.other": "{count} credits",
  credits_title: "Credits", available: "available", held: "held for work under way", debt: "owed",
  lots: "Where they come from", never_expires: "no expiry", expires: "until {date}", lot_left: "{remaining} of {granted}",
  "source.promotion": "Gift", "source.purchase": "Purchase", "source.subscription": "Subscription", "source.adjustment": "Adjustment",
  buy_title: "Buy credits", buy: "Buy {name} for {price}", buy_note: "Payment by card on Stripe's own page.",
  buy_more: "Buy credits", paid_waiting: "Thank you. Your payment went through; the credits are arriving…",
  paid_slow: "Your payment is still being confirmed. The credits appear here by themselves; you may close this page.",
  paid_done: "{credits} have arrived.", checkout_cancelled: "The purchase was called off. Nothing was charged.",
  purchase_failed: "This payment did not go through. Nothing was charged.",
  new_work: "New work", offers: "What we make", kind: "Kind of work", start: "Start for {credits}", start_free: "Start for free",
  fill_example: "Fill in an example", optional: "optional", add: "Add", remove: "Remove {name}", choose: "No choice", more_options: "More options",
  json_hint: "As JSON.", json_invalid: "This is not valid JSON.", kind_off: "Switched off for now", no_kinds: "Nothing is on offer at this moment.",
  accepted: "Accepted. Opening your result page…", see_job: "See that job", check_fields: "Please look at the marked fields.", in_seconds: "Again in {seconds} s",
  jobs_title: "Your work", no_jobs: "Nothing yet. What you ask for appears here and stays.", older: "Show older",
  live: "Live", offline: "Connecting again…",
  "status.submitted": "Accepted", "status.queued": "Waiting", "status.running": "In progress", "status.succeeded": "Ready",
  "status.failed": "Failed", "status.cancelled": "Cancelled", "status.rejected": "Not started",
  "face.submitted": "Your request is safe with us", "face.queued": "Waiting for its turn", "face.running": "Being made",
  "face.succeeded": "Your result is ready", "face.failed": "This did not work out", "face.cancelled": "You stopped this work",
  "face.rejected": "Not enough credits for this",
  may_close: "You may close this page and come back: nothing is lost.", next_in_line: "Next in line",
  "ahead.one": "{count} job before this one", "ahead.other": "{count} jobs before this one",
  ready_in: "Ready in {wait}", about: "about {time}", between: "{from} to {to}", moments: "a few seconds", progress: "Progress",
  starting: "Starting", asked: "Requested on {time}", took: "Made in {time}",
  cancel: "Stop this work", cancelling: "Stopping…", cancel_confirm: "Stop this work? The credits held for it come back.",
  download: "Download", open_image: "Open the picture at full size", print: "Print", again: "Make another", try_again: "Try again", all_work: "All your work",
  charged: "{credits} charged.", charged_part: "{charged} charged, {returned} returned.", charging: "The charge is being settled…", free: "This cost nothing.",
  returned: "{credits} are back in your account.", returning: "{credits} are on their way back to your account.", nothing_charged: "Nothing was charged.",
  rejected_why: "This work costs {credits}, more than the account could spend.", picture_gone: "The picture cannot be shown here.", order_files_deleted: "The files were kept for long enough, and deleted on {time}.", files_deleted: "The files were kept as long as your plan says, and deleted on {time}.",
  not_there: "There is nothing here", not_there_more: "The address may be incomplete, or the work belongs to another account.", home: "Go to the studio",
  "order.open": "Not paid yet", "order.expired": "This order was not paid", "order.ready": "Your order is ready", "order.lost": "We could not finish your order",
  "order_status.open": "To be paid", "order_status.expired": "Expired", "order_status.paid": "Paid", "order_status.delivered": "Ready",
  "order_status.refunding": "Paying back", "order_status.refunded": "Paid back", order_pay: "Pay now",
  order_unpaid: "A payment made just now shows here within moments.", order_in_mail: "Please open this page by the link in the mail about your order.",
  order_refunding: "The whole price goes back to you by itself.", order_refunded: "The whole price is on its way back to you.",
  verify_title: "Verify your e-mail address", verify_lead: "One press and we know that mail reaches you.",
  verify_button: "Verify this address", verify_done: "Thank you. Your address is verified.",
  change_title: "Change your e-mail address", change_lead: "From then on you sign in with the address this link was mailed to.",
  change_button: "Use the new address", change_done: "Done. Your account has its new address.",
  reset_title: "Set a new password", reset_lead: "It ends every session; sign in anew afterwards. API keys stay.",
  reset_button: "Set this password", reset_done: "Your new password is set.", new_password: "New password",
  link_missing: "This address is incomplete. Please open the link in the mail again.",
  link_not_valid: "This link is not valid any more: it was used or has lapsed. Please ask for a new one.",
  signed_in_as: "Signed in as {email}", yes: "yes", no: "no",
  try_again_at: "Try again at {time}.", try_now: "Try again now",
  unreachable: "The studio cannot be reached at this moment. Nothing was lost; please try again.",
  "problem.UNAUTHORIZED": "The e-mail address or the password is not right.",
  "problem.INSUFFICIENT_CREDITS": "This costs {required} credits and {available} are available.",
  "problem.NOT_ELIGIBLE": "This comes with a subscription.",
};

const FR = {
  skip: "Aller au contenu",
  tagline: "Un travail de studio, sous vos yeux.",
  tagline_more: "Demandez une création, suivez-la en direct, recevez le résultat ici et par e-mail. Ce qui échoue ne coûte rien.",
  sign_in: "Se connecter", sign_up: "Créer un compte", sign_out: "Se déconnecter",
  have_account: "J’ai un compte", no_account: "Je suis nouveau",
  sign_up_hint: "Chaque nouveau compte commence avec des crédits offerts.",
  email: "Adresse e-mail", password: "Mot de passe", password_hint: "Au moins 10 caractères.",
  sign_in_to_see: "Connectez-vous pour voir ce résultat", sign_in_to_see_more: "Il appartient à un compte. Il reste ici ; rien n’est perdu.",
  "credits.one": "{count} crédit", "credits.other": "{count} crédits",
  credits_title: "Crédits", available: "disponibles", held: "réservés pour les travaux en cours", debt: "dus",
  lots: "Leur provenance", never_expires: "sans expiration", expires: "jusqu’au {date}", lot_left: "{remaining} sur {granted}",
  "source.promotion": "Cadeau", "source.purchase": "Achat", "source.subscription": "Abonnement", "source.adjustment": "Ajustement",
  buy_title: "Acheter des crédits", buy: "Acheter {name} pour {price}", buy_note: "Paiement par carte sur la page de Stripe.",
  buy_more: "Acheter des crédits", paid_waiting: "Merci. Votre paiement est passé ; les crédits arrivent…",
  paid_slow: "Votre paiement est en cours de confirmation. Les crédits apparaîtront ici d’eux-mêmes ; vous pouvez fermer cette page.",
  paid_done: "{credits} sont arrivés.", checkout_cancelled: "L’achat a été abandonné. Rien n’a été débité.",
  purchase_failed: "Ce paiement n’a pas abouti. Rien n’a été débité.",
  new_work: "Nouvelle création", offers: "Ce que nous faisons", kind: "Type de création", start: "Lancer pour {credits}", start_free: "Lancer gratuitement",
  fill_example: "Remplir un exemple", optional: "facultatif", add: "Ajouter", remove: "Retirer {name}", choose: "Sans choix", more_options: "Plus d’options",
  json_hint: "En JSON.", json_invalid: "Ce JSON n’est pas valide.", kind_off: "Indisponible pour le moment", no_kinds: "Rien n’est proposé pour le moment.",
  accepted: "Accepté. Ouverture de votre page de résultat…", see_job: "Voir ce travail", check_fields: "Veuillez revoir les champs signalés.", in_seconds: "À nouveau dans {seconds} s",
  jobs_title: "Vos créations", no_jobs: "Rien pour l’instant. Ce que vous demandez apparaît ici et y reste.", older: "Voir les précédentes",
  live: "En direct", offline: "Reconnexion…",
  "status.submitted": "Accepté", "status.queued": "En attente", "status.running": "En cours", "status.succeeded": "Prêt",
  "status.failed": "Échec", "status.cancelled": "Annulé", "status.rejected": "Non commencé",
  "face.submitted": "Votre demande est bien enregistrée", "face.queued": "En attente de son tour", "face.running": "En cours de réalisation",
  "face.succeeded": "Votre résultat est prêt", "face.failed": "Cela n’a pas abouti", "face.cancelled": "Vous avez arrêté ce travail",
  "face.rejected": "Pas assez de crédits",
  may_close: "Vous pouvez fermer cette page et revenir : rien n’est perdu.", next_in_line: "Prochain à passer",
  "ahead.one": "{count} travail avant celui-ci", "ahead.other": "{count} travaux avant celui-ci",
  ready_in: "Prêt dans {wait}", about: "environ {time}", between: "{from} à {to}", moments: "quelques secondes", progress: "Avancement",
  starting: "Démarrage", asked: "Demandé le {time}", took: "Réalisé en {time}",
  cancel: "Arrêter ce travail", cancelling: "Arrêt en cours…", cancel_confirm: "Arrêter ce travail ? Les crédits réservés reviennent.",
  download: "Télécharger", open_image: "Ouvrir l’image en taille réelle", print: "Imprimer", again: "En créer un autre", try_again: "Réessayer", all_work: "Toutes vos créations",
  charged: "{credits} débités.", charged_part: "{charged} débités, {returned} rendus.", charging: "Le débit est en cours…", free: "Cela n’a rien coûté.",
  returned: "{credits} sont revenus sur votre compte.", returning: "{credits} reviennent sur votre compte.", nothing_charged: "Rien n’a été débité.",
  rejected_why: "Ce travail coûte {credits}, plus que ce dont disposait le compte.", picture_gone: "L’image ne peut pas être affichée ici.", order_files_deleted: "Les fichiers ont été conservés assez longtemps, puis supprimés le {time}.", files_deleted: "Les fichiers ont été conservés aussi longtemps que le prévoit votre abonnement, puis supprimés le {time}.",
  not_there: "Il n’y a rien ici", not_there_more: "L’adresse est peut-être incomplète, ou ce travail appartient à un autre compte.", home: "Aller au studio",
  "order.open": "Pas encore payée", "order.expired": "Cette commande n’a pas été payée", "order.ready": "Votre commande est prête", "order.lost": "Votre commande n’a pas abouti",
  "order_status.open": "À payer", "order_status.expired": "Expirée", "order_status.paid": "Payée", "order_status.delivered": "Prête",
  "order_status.refunding": "Remboursement", "order_status.refunded": "Remboursée", order_pay: "Payer",
  order_unpaid: "Un paiement qui vient d’être fait apparaît ici en quelques instants.", order_in_mail: "Veuillez ouvrir cette page par le lien du message au sujet de votre commande.",
  order_refunding: "Le prix entier vous est rendu sans démarche de votre part.", order_refunded: "Le prix entier est en route vers vous.",
  verify_title: "Vérifier votre adresse e-mail", verify_lead: "Un clic, et nous savons que le courrier vous parvient.",
  verify_button: "Vérifier cette adresse", verify_done: "Merci. Votre adresse est vérifiée.",
  change_title: "Changer d’adresse e-mail", change_lead: "Vous vous connecterez ensuite avec l’adresse qui a reçu ce lien.",
  change_button: "Utiliser la nouvelle adresse", change_done: "C’est fait. Votre compte a sa nouvelle adresse.",
  reset_title: "Choisir un nouveau mot de passe", reset_lead: "Toutes les sessions se terminent ; reconnectez-vous ensuite. Les clés d’API restent.",
  reset_button: "Enregistrer ce mot de passe", reset_done: "Votre nouveau mot de passe est enregistré.", new_password: "Nouveau mot de passe",
  link_missing: "L’adresse est incomplète. Veuillez rouvrir le lien reçu par e-mail.",
  link_not_valid: "Ce lien n’est plus valable : il a servi ou a expiré. Veuillez en demander un nouveau.",
  signed_in_as: "Connecté : {email}", yes: "oui", no: "non",
  try_again_at: "Réessayez à {time}.", try_now: "Réessayer maintenant",
  unreachable: "Le studio est injoignable pour le moment. Rien n’est perdu ; veuillez réessayer.",
  "problem.INSUFFICIENT_CREDITS": "Cela coûte {required} crédits et {available} sont disponibles.",
  "problem.NOT_ELIGIBLE": "Ceci est réservé aux abonnements.",
  "problem.UNAUTHORIZED": "L’adresse ou le mot de passe ne convient pas.",
  "problem.EMAIL_TAKEN": "Cette adresse a déjà un compte ; connectez-vous.",
  "problem.VALIDATION_FAILED": "Certains champs ne conviennent pas.",
  "problem.RATE_LIMITED": "Trop de demandes en peu de temps.",
  "problem.QUOTA_EXCEEDED": "Le quota du jour est atteint.",
  "problem.TOO_MANY_IN_FLIGHT": "Trop de travaux sont en cours.",
  "problem.OPERATION_IN_PROGRESS": "Le même travail vient d’être demandé.",
  "problem.KIND_DISABLED": "Ce type de création est arrêté pour le moment.",
  "problem.DEPENDENCY_UNAVAILABLE": "Un service ne répond pas. Veuillez réessayer.",
  "problem.NOT_FOUND": "Il n’y a rien ici.",
  "problem.INTERNAL": "Une erreur est survenue de notre côté.",
};

/** `en` or `fr`, by what the browser prefers. */
export const language = (globalThis.navigator?.language ?? "en").toLowerCase().startsWith("fr") ? "fr" : "en";
const words = language === "fr" ? FR : EN;
const region = globalThis.navigator?.language?.toLowerCase().startsWith(language) ? navigator.language : language;
const plural = new Intl.PluralRules(language);
const number = new Intl.NumberFormat(region, { maximumFractionDigits: 3 });

/** Whether there are words for a key. */
export const knows = (key) => Object.hasOwn(words, key);

/** The words for a key, with `{names}` filled in; a `count` chooses between one and many. */
export function t(key, values = {}) {
  const counted = "count" in values ? `${key}.${plural.select(values.count) === "one" ? "one" : "other"}` : key;
  const text = words[counted] ?? EN[counted] ?? counted;
  return text.replace(/\{(\w+)\}/g, (_, name) => (typeof values[name] === "number" ? number.format(values[name]) : String(values[name] ?? "")));
}

/** `5 credits` */
export const creditsText = (count) => t("credits", { count });

/** A number as people of that language write it. */
export const numberText = (value) => number.format(value);

/** Minor units as money: 499 eur is €4.99. */
export function money(minor, currency) {
  const format = new Intl.NumberFormat(region, { style: "currency", currency });
  return format.format(minor / 10 ** format.resolvedOptions().maximumFractionDigits);
}

/** A time of day. */
export const clock = (date) => date.toLocaleTimeString(region, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** Day and time; today's without the day. */
export function moment(text) {
  const date = new Date(text);
  const today = date.toDateString() === new Date().toDateString();
  const time = { hour: "2-digit", minute: "2-digit" };
  return date.toLocaleString(region, today ? time : { day: "numeric", month: "short", year: "numeric", ...time });
}

/** Day and time, for what may be read on paper years later. */
export const fullMoment = (text) => new Date(text).toLocaleString(region, { dateStyle: "long", timeStyle: "short" });

/** A day. */
export const day = (text) => new Date(text).toLocaleDateString(region, { day: "numeric", month: "long", year: "numeric" });

/** A duration, roughly, as one would say it. */
export function duration(seconds) {
  const [value, unit] = seconds < 90 ? [Math.max(1, Math.round(seconds)), "second"]
    : seconds < 5400 ? [Math.round(seconds / 60), "minute"] : [Math.round(seconds / 360) / 10, "hour"];
  return new Intl.NumberFormat(region, { style: "unit", unit, unitDisplay: "long" }).format(value);
}

/** What to expect of a wait: half are done by `p50_seconds`, nine in ten by `p90_seconds`. */
export function waitText({ p50_seconds: likely, p90_seconds: late }) {
  if (late < 5) return t("moments");
  if (late < likely * 1.5 || duration(likely) === duration(late)) return t("about", { time: duration(late) });
  return t("between", { from: duration(likely), to: duration(late) });
}

/** Bytes for people. */
export function bytes(size) {
  const [value, unit] = size < 1e6 ? [Math.max(1, Math.round(size / 1e3)), "kilobyte"] : [Math.round(size / 1e5) / 10, "megabyte"];
  return new Intl.NumberFormat(region, { style: "unit", unit, unitDisplay: "short" }).format(value);
}

/** `negative_prompt` reads `Negative prompt`. */
export function humanise(name) {
  const text = String(name).replace(/([a-z])([A-Z])/g, "$1 $2").replace(/[_-]+/g, " ").trim().toLowerCase();
  return text.charAt(0).toUpperCase() + text.slice(1);
}
