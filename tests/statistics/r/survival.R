# Reference values of R's survival package; run: Rscript survival.R  (writes data/*.csv and survival.csv here).
suppressPackageStartupMessages(library(survival))
out <- data.frame(case = character(), quantity = character(), value = character())
put <- function(case, ...) { v <- unlist(list(...))
  out <<- rbind(out, data.frame(case = case, quantity = names(v), value = sprintf("%.17g", as.numeric(v)))) }
save_data <- function(name, d) { d[] <- lapply(d, function(x) ifelse(is.na(x), "", if (is.numeric(x)) sprintf("%.17g", x) else as.character(x)))
  write.csv(d, file.path("data", paste0(name, ".csv")), row.names = FALSE, quote = FALSE) }
tight <- coxph.control(eps = 1e-14, iter.max = 100, toler.chol = 1e-14)
one <- function(case, d, group, xs) {
  save_data(case, d[c("time", "event", group, setdiff(xs, group))])
  for (type in c("log", "log-log", "plain")) {
    f <- survfit(Surv(time, event) ~ 1, data = d, conf.type = type)
    for (i in unique(round(seq(1, length(f$time), length.out = 7)))) put(paste(case, "km", type, i),
      time = f$time[i], risk = f$n.risk[i], s = f$surv[i], low = f$lower[i], high = f$upper[i])
    m <- summary(f)$table; put(paste(case, "km", type), median = m[["median"]], low = m[["0.95LCL"]], high = m[["0.95UCL"]])
  }
  l <- survdiff(as.formula(paste("Surv(time, event) ~", group)), data = d)
  put(paste(case, "logrank"), chi2 = l$chisq, df = length(l$n) - 1, p = pchisq(l$chisq, length(l$n) - 1, lower.tail = FALSE))
  for (ties in c("efron", "breslow")) {
    m <- coxph(as.formula(paste("Surv(time, event) ~", paste(xs, collapse = " + "))), data = d, ties = ties, control = tight)
    s <- summary(m)
    for (x in xs) put(paste(case, "cox", ties, x), coef = coef(m)[[x]], se = sqrt(diag(vcov(m)))[[match(x, xs)]], p = s$coefficients[x, "Pr(>|z|)"],
      low = s$conf.int[x, "lower .95"], high = s$conf.int[x, "upper .95"])
    put(paste(case, "cox", ties), null = m$loglik[1], loglik = m$loglik[2], lr = s$logtest[["test"]], wald = m$wald.test[[1]], score = m$score, n = m$n, events = m$nevent)
  }
}
one("aml", transform(aml, event = status, arm = as.numeric(x == "Nonmaintained")), "arm", "arm")
one("ovarian", transform(ovarian, time = futime, event = fustat), "rx", c("age", "rx", "resid.ds"))
one("veteran", transform(veteran, event = status), "trt", c("trt", "karno", "diagtime", "age", "prior"))
one("lung", transform(lung, event = status - 1), "sex", c("age", "sex", "ph.ecog", "wt.loss"))
one("gbsg", transform(gbsg, time = rfstime, event = status), "grade", c("age", "meno", "size", "nodes", "pgr", "hormon"))
write.csv(out, "survival.csv", row.names = FALSE, quote = FALSE)
writeLines(c(R.version.string, paste("survival", packageVersion("survival"))), "survival.versions.txt")
