# Reference values of R for two-way, repeated-measures and mixed models; run: Rscript models.R (writes data/*.csv, models.csv).
# Packages: car, lme4, lmerTest, nlme (data).
suppressPackageStartupMessages({library(car); library(lme4); library(lmerTest)})
options(contrasts = c("contr.treatment", "contr.poly"))
out <- data.frame(case = character(), quantity = character(), value = character())
put <- function(case, ...) { v <- unlist(list(...))
  out <<- rbind(out, data.frame(case = case, quantity = names(v), value = sprintf("%.17g", as.numeric(v)))) }
save_data <- function(name, d) { d <- as.data.frame(d); d[] <- lapply(d, function(x) if (is.numeric(x)) sprintf("%.17g", x) else as.character(x))
  write.csv(d, file.path("data", paste0(name, ".csv")), row.names = FALSE, quote = FALSE) }
twoway <- function(case, d, y, a, b) {
  d <- data.frame(y = d[[y]], a = factor(d[[a]]), b = factor(d[[b]])); save_data(case, d)
  m2 <- Anova(lm(y ~ a * b, d), type = 2)
  m3 <- Anova(lm(y ~ a * b, d, contrasts = list(a = contr.sum, b = contr.sum)), type = 3)
  for (t in c("a", "b", "a:b")) { put(paste(case, "II", t), f = m2[t, "F value"], df = m2[t, "Df"], p = m2[t, "Pr(>F)"])
    put(paste(case, "III", t), f = m3[t, "F value"], df = m3[t, "Df"], p = m3[t, "Pr(>F)"]) }
}
twoway("tooth", transform(ToothGrowth, dose = paste0("d", dose)), "len", "supp", "dose")
twoway("tooth_unbalanced", transform(ToothGrowth, dose = paste0("d", dose))[-c(1:4, 17, 33, 34, 58), ], "len", "supp", "dose")
twoway("warpbreaks", warpbreaks, "breaks", "wool", "tension")
# repeated measures
ss <- as.data.frame(sleepstudy); ss$Subject <- paste0("s", ss$Subject); save_data("sleepstudy", ss)
w <- matrix(ss$Reaction, ncol = 10, byrow = TRUE); m <- lm(w ~ 1)
r <- anova(m, X = ~1, test = "Spherical"); h <- attr(r, "heading")
put("sleepstudy rm", f = r[1, "F"], p = r[1, "Pr(>F)"], gg_p = r[1, "G-G Pr"], hf_p = r[1, "H-F Pr"])
S <- cov(w); C <- contr.helmert(10); C <- qr.Q(qr(C)); T <- t(C) %*% S %*% C; put("sleepstudy rm", gg = sum(diag(T))^2 / (9 * sum(T^2)))
mixed <- function(case, formula, d) {
  m <- lmer(formula, d, REML = TRUE, control = lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10)))
  s <- coef(summary(m)); a <- anova(m, type = 3)
  for (i in seq_len(nrow(s))) put(paste(case, "coef", i), est = s[i, 1], se = s[i, 2], df = s[i, 3], t = s[i, 4], p = s[i, 5])
  for (t in rownames(a)) put(paste(case, "term", t), f = a[t, "F value"], df1 = a[t, "NumDF"], df2 = a[t, "DenDF"], p = a[t, "Pr(>F)"])
  put(case, sigma = sigma(m), reml = as.numeric(-2 * logLik(m)))
}
mixed("sleepstudy intercept", Reaction ~ Days + (1 | Subject), ss)
mixed("sleepstudy slope", Reaction ~ Days + (Days | Subject), ss)
ps <- as.data.frame(Pastes); ps <- data.frame(strength = ps$strength, batch = ps$batch, sample = ps$sample); ps$half <- ifelse(as.integer(factor(ps$batch)) %% 2 == 0, "even", "odd")
ps$half <- factor(ps$half, levels = unique(ps$half)); save_data("pastes", ps)
mixed("pastes", strength ~ half + (1 | batch) + (1 | sample), ps)
ma <- as.data.frame(nlme::Machines); ma <- data.frame(score = ma$score, Machine = factor(as.character(ma$Machine), levels = unique(as.character(ma$Machine))), Worker = paste0("w", ma$Worker)); save_data("machines", ma)
mixed("machines", score ~ Machine + (1 | Worker), ma)
write.csv(out, "models.csv", row.names = FALSE, quote = FALSE)
writeLines(c(R.version.string, sapply(c("car", "lme4", "lmerTest"), function(x) paste(x, packageVersion(x)))), "models.versions.txt")
