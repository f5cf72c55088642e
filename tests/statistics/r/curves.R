# Least-squares 4PL fits by R's optim (many starts, then Nelder-Mead and BFGS to the end) on the data sets of the R package drc.
# drc itself is not packaged by Debian; it minimises the same sum of squares with the same optim. Run:
#   Rscript curves.R <folder with the drc CSV files>        (writes curves.csv here)
folder <- commandArgs(TRUE)[1]
fit <- function(dose, y) {
  lx <- suppressWarnings(log(dose)); pos <- lx[dose > 0]
  share <- function(b, l) ifelse(dose == 0, 1, plogis(b * (l - lx)))
  plateaus <- function(s) { q <- lm.fit(cbind(1 - s, s), y); list(rss = sum(q$residuals^2), coef = q$coefficients) }
  reduced <- function(p) { if (abs(p[1]) > 6.9) return(1e300)
    s <- share(exp(p[1]), p[2]); r <- plateaus(s)$rss; if (is.finite(r)) r else 1e300 }
  best <- NULL
  for (b in log(c(0.3, 0.7, 1.5, 3, 6, 15))) for (l in seq(min(pos) - 2, max(pos) + 2, length.out = 15)) {
    o <- optim(c(b, l), reduced, control = list(maxit = 500))
    if (is.null(best) || o$value < best$value) best <- o
  }
  for (i in 1:6) best <- optim(best$par, reduced, control = list(reltol = 1e-16, maxit = 5000))
  b <- try(optim(best$par, reduced, method = "BFGS", control = list(reltol = 1e-16, maxit = 5000, ndeps = c(1e-6, 1e-6))), silent = TRUE)
  if (!inherits(b, "try-error") && b$value <= best$value) best <- b
  c(rss = best$value, ed50 = exp(best$par[2]), slope = exp(best$par[1]))
}
sets <- list(
  c("ryegrass", "conc", "rootl", ""), c("S.alba", "Dose", "DryMatter", "Herbicide"), c("S.capricornutum", "conc", "count", ""),
  c("heartrate", "pressure", "rate", ""), c("lepidium", "conc", "weight", ""), c("lettuce", "conc", "weight", ""),
  c("secalonic", "dose", "rootl", ""), c("spinach", "DOSE", "SLOPE", "CURVE"), c("terbuthylazin", "dose", "rgr", ""),
  c("vinclozolin", "conc", "effect", "exper"), c("G.aparine", "dose", "drymatter", ""))
out <- NULL
for (s in sets) {
  d <- read.csv(file.path(folder, paste0(s[1], ".csv")))
  key <- if (s[4] == "") rep("all", nrow(d)) else as.character(d[[s[4]]])
  for (k in unique(key)) {
    p <- d[key == k, ]; p <- p[!is.na(p[[s[2]]]) & !is.na(p[[s[3]]]), ]
    f <- fit(p[[s[2]]], p[[s[3]]])
    out <- rbind(out, data.frame(set = s[1], dose = s[2], response = s[3], column = s[4], curve = k, n = nrow(p),
      rss = sprintf("%.17g", f[["rss"]]), ed50 = sprintf("%.17g", f[["ed50"]]), slope = sprintf("%.17g", f[["slope"]])))
  }
}
write.csv(out, "curves.csv", row.names = FALSE, quote = FALSE)
